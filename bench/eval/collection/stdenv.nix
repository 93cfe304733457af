# What builds nearly every package: attributes of `mkDerivation` become those of `derivation`.
{ lib, config, buildPlatform, hostPlatform, targetPlatform, shell, tools }:
let
  inherit (builtins) attrNames concatLists concatMap elem elemAt filter foldl' isAttrs isBool isFunction isList isString length
    listToAttrs removeAttrs typeOf unsafeGetAttrPos;
  inherit (lib) concatStringsSep extendDerivation getDev imap0 isDerivation mapAttrsToList optional optionalAttrs
    optionals optionalString subtractLists unique;

  isCross = !lib.systems.equals buildPlatform hostPlatform;
  refusal = lib.checkMeta { inherit config hostPlatform; };

  # Where a dependency runs, and for what it makes code.
  hooks = {
    depsBuildBuild = { host = "build"; target = "build"; };
    nativeBuildInputs = { host = "build"; target = "host"; };
    depsBuildTarget = { host = "build"; target = "target"; };
    depsHostHost = { host = "host"; target = "host"; };
    buildInputs = { host = "host"; target = "target"; };
    depsTargetTarget = { host = "target"; target = "target"; };
  };
  propagated = {
    depsBuildBuildPropagated = "depsBuildBuild";
    propagatedNativeBuildInputs = "nativeBuildInputs";
    depsBuildTargetPropagated = "depsBuildTarget";
    depsHostHostPropagated = "depsHostHost";
    propagatedBuildInputs = "buildInputs";
    depsTargetTargetPropagated = "depsTargetTarget";
  };
  dependencyNames = attrNames hooks ++ attrNames propagated;

  # What runs while building comes from the set of the building machine.
  spliced = kind: dependency:
    let role = hooks.${propagated.${kind} or kind}; in
    if isAttrs dependency && dependency ? forBuild && role.host == "build" then dependency.forBuild else dependency;

  checkDependency = name: kind: position: dependency:
    if dependency == null || isDerivation dependency || isString dependency || builtins.isPath dependency then true
    else if isList dependency then lib.all (checkDependency name kind position) dependency
    else throw "Dependency ${toString (position + 1)} in ${kind} of ${name} is of the type ${typeOf dependency}";

  resolved = name: kind: dependencies:
    let present = filter (one: one != null) (lib.flatten dependencies); in
    assert lib.all lib.id (imap0 (position: checkDependency name kind position) dependencies);
    map (one: getDev (spliced kind one)) present;

  hardeningFlags = [ "bindnow" "format" "fortify" "pic" "relro" "stackprotector" "strictoverflow" "zerocallusedregs" ];
  supportedHardening = hardeningFlags ++ [ "fortify3" "pie" "shadowstack" "nostrictaliasing" ];
  defaultHardening = filter (flag: flag != "zerocallusedregs" || hostPlatform.isx86_64) hardeningFlags;

  removedAttributes = [
    "meta" "passthru" "pos" "checkInputs" "installCheckInputs" "nativeCheckInputs" "nativeInstallCheckInputs" "hardeningDisable"
    "hardeningEnable" "__contentAddressed" "cmakeFlagsSet" "mesonFlagsSet" "env" "shellHooks"
  ] ++ dependencyNames;

  flagList = prefix: set: mapAttrsToList
    (name: value:
      if isBool value then "${prefix}${name}=${if value then "ON" else "OFF"}"
      else "${prefix}${name}=${toString value}")
    set;

  configureFlagsFor = attrs:
    attrs.configureFlags or [ ]
    ++ optional (elem "build" (attrs.configurePlatforms or (optionals isCross [ "build" "host" ]))) "--build=${buildPlatform.config}"
    ++ optional (elem "host" (attrs.configurePlatforms or (optionals isCross [ "build" "host" ]))) "--host=${hostPlatform.config}"
    ++ optional (elem "target" (attrs.configurePlatforms or [ ])) "--target=${targetPlatform.config}";

  cmakeFlagsFor = attrs:
    attrs.cmakeFlags or [ ]
    ++ flagList "-D" (attrs.cmakeFlagsSet or { })
    ++ optionals isCross [
      "-DCMAKE_SYSTEM_NAME=${if hostPlatform.isLinux then "Linux" else "Generic"}"
      "-DCMAKE_SYSTEM_PROCESSOR=${hostPlatform.parsed.cpu.name}"
      "-DCMAKE_HOST_SYSTEM_PROCESSOR=${buildPlatform.parsed.cpu.name}"
    ];

  mesonFlagsFor = attrs:
    attrs.mesonFlags or [ ]
    ++ flagList "-D" (attrs.mesonFlagsSet or { })
    ++ optional isCross "--cross-file=${hostPlatform.config}.ini";

  hardeningFor = name: attrs:
    let
      disabled = attrs.hardeningDisable or [ ];
      enabled = attrs.hardeningEnable or [ ];
      wrong = subtractLists supportedHardening (disabled ++ enabled);
    in
    if wrong != [ ] && wrong != [ "all" ] then throw "mkDerivation of ${name} names unknown hardening flags: ${concatStringsSep " " wrong}"
    else if elem "all" disabled then [ ]
    else subtractLists disabled (unique (defaultHardening ++ enabled));

  nameOf = attrs:
    let
      suffix = optionalString (isCross && !(attrs ? outputHash)) "-${hostPlatform.config}";
      static = optionalString (attrs.isStatic or false) "-static";
    in
    attrs.name or "${attrs.pname}${static}${suffix}-${attrs.version}";

  environmentOf = name: attrs:
    let
      env = attrs.env or { };
      both = builtins.attrNames (builtins.intersectAttrs attrs env);
      wrong = filter (key: !(isString env.${key} || builtins.isInt env.${key} || isBool env.${key} || isDerivation env.${key})) (attrNames env);
    in
    if both != [ ] then throw "The `env` of ${name} repeats the attributes ${concatStringsSep ", " both}"
    else if wrong != [ ] then throw "The `env` of ${name} has values that are no text: ${concatStringsSep ", " wrong}"
    else env;

  # The attributes of `derivation`.
  makeDerivationArgument = attrs:
    let
      name = nameOf attrs;
      doCheck = attrs.doCheck or config.doCheckByDefault or false && buildPlatform.canExecute hostPlatform;
      doInstallCheck = attrs.doInstallCheck or false && buildPlatform.canExecute hostPlatform;
      outputs = attrs.outputs or [ "out" ] ++ optional (attrs.separateDebugInfo or false && hostPlatform.isLinux) "debug";
      checking = optionals doCheck (attrs.checkInputs or [ ]) ++ optionals doInstallCheck (attrs.installCheckInputs or [ ]);
      nativeChecking = optionals doCheck (attrs.nativeCheckInputs or [ ]) ++ optionals doInstallCheck (attrs.nativeInstallCheckInputs or [ ]);
      given = attrs // {
        nativeBuildInputs = attrs.nativeBuildInputs or [ ] ++ nativeChecking ++ optional (length outputs > 1) tools.splitOutputs;
        buildInputs = attrs.buildInputs or [ ] ++ checking;
      };
      dependencies = listToAttrs (map (kind: { name = kind; value = resolved name kind (given.${kind} or [ ]); }) dependencyNames);
      hardening = hardeningFor name attrs;
    in
    removeAttrs attrs removedAttributes
    // environmentOf name attrs
    // dependencies
    // {
      inherit name outputs doCheck doInstallCheck;
      builder = attrs.realBuilder or shell;
      args = attrs.args or [ "-e" (attrs.builder or ./builder.sh) ];
      system = buildPlatform.system;
      stdenv = tools.root;
      userHook = config.stdenv.userHook or null;
      __ignoreNulls = true;
      strictDeps = attrs.strictDeps or (config.strictDepsByDefault or isCross);
      configureFlags = configureFlagsFor attrs;
      cmakeFlags = cmakeFlagsFor attrs;
      mesonFlags = mesonFlagsFor attrs;
      patches = attrs.patches or [ ];
      enableParallelBuilding = attrs.enableParallelBuilding or true;
      ${if hardening == defaultHardening then null else "HARDENING"} = concatStringsSep " " hardening;
      ${if doCheck then "enableParallelChecking" else null} = attrs.enableParallelChecking or true;
    }
    // optionalAttrs isCross {
      buildConfig = buildPlatform.config;
      hostConfig = hostPlatform.config;
    };

  metaOf = attrs: position:
    let
      given = attrs.meta or { };
      outputs = attrs.outputs or [ "out" ];
      main = if elem "bin" outputs then "bin" else if elem "out" outputs then "out" else elemAt outputs 0;
    in
    {
      name = nameOf attrs;
      position = if position == null then "unknown" else "${baseNameOf position.file}:${toString position.line}";
      outputsToInstall = given.outputsToInstall or ([ main ] ++ optional (elem "man" outputs) "man");
    }
    // given
    // { available = refusal attrs == null; };

  evaluate = attrs: position:
    let
      argument = makeDerivationArgument attrs;
      why = refusal attrs;
      allowed =
        if why == null then true
        else throw "Package ${nameOf attrs} is refused (${why.reason}): ${why.message}";
    in
    extendDerivation allowed
      ({
        inherit (attrs) version;
        meta = metaOf attrs position;
        overrideAttrs = change: mkDerivation (self:
          let old = attrs // { finalPackage = self.finalPackage or null; }; in
          removeAttrs (attrs // (if isFunction change then
            let first = change old; in
            if isFunction first then change self old else first
          else change)) [ "finalPackage" ]);
        passthru = attrs.passthru or { };
        inputDerivation = derivation (removeAttrs argument [ "outputs" "outputHash" "outputHashMode" "outputHashAlgo" ] // {
          name = "inputs-of-${argument.name}";
          args = [ "-c" "export > $out" ];
        });
      } // attrs.passthru or { })
      (derivation argument);

  mkDerivation = given:
    if isFunction given then
      let
        attrs = given (attrs // { finalPackage = package; });
        package = evaluate attrs (positionOf attrs);
      in
      package
    else evaluate given (positionOf given);

  positionOf = attrs:
    if attrs.meta.description or null != null then unsafeGetAttrPos "description" attrs.meta
    else if attrs ? version then unsafeGetAttrPos "version" attrs
    else unsafeGetAttrPos "name" attrs;
in
{
  inherit mkDerivation buildPlatform hostPlatform targetPlatform shell isCross;
  cc = tools.compiler;
  inherit (hostPlatform) system isLinux isDarwin is64bit isAarch64 isx86_64;
}
