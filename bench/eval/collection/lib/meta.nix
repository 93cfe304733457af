{ lib }:
let
  inherit (builtins) attrNames concatStringsSep elem filter isAttrs isBool isInt isList isString;
  inherit (lib) any all getName toList;

  isLicense = value: isString value || isAttrs value && value ? shortName;
  types = {
    description = isString;
    longDescription = isString;
    homepage = value: isString value || isList value && all isString value;
    license = value: if isList value then all isLicense value else isLicense value;
    maintainers = value: isList value && all (m: m ? name && m ? email) value;
    platforms = value: isList value && all isString value;
    badPlatforms = value: isList value && all isString value;
    mainProgram = isString;
    priority = isInt;
    broken = isBool;
    insecure = isBool;
    unfree = isBool;
    position = isString;
    outputsToInstall = value: isList value && all isString value;
    available = isBool;
    name = isString;
  };
  checkField = name: value:
    if types ? ${name} then
      if types.${name} value then [ ] else [ "key 'meta.${name}' has invalid value of type ${builtins.typeOf value}" ]
    else [ "key 'meta.${name}' is unrecognized; expected one of: ${concatStringsSep ", " (attrNames types)}" ];
in
rec {
  availableOn = platform: pkg:
    (pkg.meta.platforms or null == null || elem platform.system pkg.meta.platforms)
    && !elem platform.system (pkg.meta.badPlatforms or [ ]);
  problems = meta: builtins.concatMap (name: checkField name meta.${name}) (attrNames meta);
  isUnfree = licenses: any (license: !(license.free or true)) (toList licenses);
  getExe = x: "${lib.getBin x}/bin/${x.meta.mainProgram or (getName x)}";

  # Why a derivation with these attributes is refused; null if it is not.
  checkMeta = { config, hostPlatform }: attrs:
    let
      meta = attrs.meta or { };
      name = attrs.name or "${attrs.pname}-${attrs.version}";
      wrong = problems meta;
    in
    if isUnfree (meta.license or [ ]) && !(config.allowUnfree or false) && !((config.allowUnfreePredicate or (_: false)) attrs) then
      { reason = "unfree"; message = "‘${name}’ has an unfree license"; }
    else if any (license: elem license (config.blocklistedLicenses or [ ])) (toList (meta.license or [ ])) then
      { reason = "blocklisted"; message = "‘${name}’ has a blocklisted license"; }
    else if meta.broken or false && !(config.allowBroken or false) then
      { reason = "broken"; message = "‘${name}’ is marked as broken"; }
    else if meta.insecure or false && !elem name (config.permittedInsecurePackages or [ ]) then
      { reason = "insecure"; message = "‘${name}’ is marked as insecure"; }
    else if !availableOn hostPlatform { inherit meta; } && !(config.allowUnsupportedSystem or false) then
      { reason = "unsupported"; message = "‘${name}’ is not available on ${hostPlatform.system}"; }
    else if wrong != [ ] then { reason = "meta"; message = concatStringsSep "\n" wrong; }
    else null;
}
