# A module system in the style of NixOS, and `run count`: modules that declare options of several
# types, define each other's options conditionally and with priorities, and import one another.
let
  inherit (builtins)
    all attrNames attrValues concatLists concatMap concatStringsSep elemAt filter foldl' functionArgs genList
    intersectAttrs isAttrs isBool isFunction isInt isList isString length listToAttrs map mapAttrs sort toString
    zipAttrsWith;

  mod = a: b: a - a / b * b;
  optionals = condition: list: if condition then list else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  showOption = concatStringsSep ".";
  nameValuePair = name: value: { inherit name value; };
  setAttrByPath = path: value: foldl' (acc: name: { ${name} = acc; }) value (reverse path);
  reverse = list: let n = length list; in genList (i: elemAt list (n - i - 1)) n;
  mergeEqual = loc: defs:
    foldl' (first: def: if def.value != first then throw "The option `${showOption loc}' has conflicting definitions" else first)
      (elemAt defs 0).value defs;
  last = list: elemAt list (length list - 1);

  # Properties.
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  mkOption = { type ? types.anything, default ? null, description ? "", apply ? null, ... }@args: args // { _type = "option"; };
  defaultPriority = 100;

  pushDownProperties = cfg:
    if cfg._type or "" == "merge" then concatMap pushDownProperties cfg.contents
    else if cfg._type or "" == "if" then map (mapAttrs (_: value: mkIf cfg.condition value)) (pushDownProperties cfg.content)
    else if cfg._type or "" == "override" then map (mapAttrs (_: value: mkOverride cfg.priority value)) (pushDownProperties cfg.content)
    else [ cfg ];

  dischargeProperties = def:
    if def._type or "" == "merge" then concatMap dischargeProperties def.contents
    else if def._type or "" == "if" then
      if isBool def.condition then optionals def.condition (dischargeProperties def.content)
      else throw "mkIf called with a non-Boolean condition"
    else [ def ];

  filterOverrides = defs:
    let
      priority = def: if def.value._type or "" == "override" then def.value.priority else defaultPriority;
      highest = foldl' (lowest: def: let p = priority def; in if p < lowest then p else lowest) 9999 defs;
      strip = def: if def.value._type or "" == "override" then def // { value = def.value.content; } else def;
    in
    concatMap (def: optionals (priority def == highest) [ (strip def) ]) defs;

  sortProperties = defs:
    let
      strip = def: if def.value._type or "" == "order" then def // { value = def.value.content; inherit (def.value) priority; } else def;
      compare = a: b: (a.priority or 1000) < (b.priority or 1000);
    in
    sort compare (map strip defs);

  # Types.
  mkOptionType = { name, check ? _: true, merge ? mergeEqual, getSubModules ? null, emptyValue ? { }, description ? name }@args:
    { inherit check merge getSubModules emptyValue description; } // args // { _type = "option-type"; };

  types = {
    anything = mkOptionType { name = "anything"; };
    int = mkOptionType { name = "int"; check = isInt; };
    bool = mkOptionType { name = "bool"; check = isBool; };
    str = mkOptionType { name = "str"; check = isString; };
    lines = mkOptionType { name = "lines"; check = isString; merge = loc: defs: concatStringsSep "\n" (map (d: d.value) defs); };
    enum = values: mkOptionType { name = "enum"; check = value: builtins.elem value values; };
    nullOr = type: mkOptionType {
      name = "null or ${type.name}";
      check = value: value == null || type.check value;
      merge = loc: defs: if all (d: d.value == null) defs then null else type.merge loc defs;
      emptyValue = { value = null; };
    };
    listOf = type: mkOptionType {
      name = "list of ${type.name}";
      check = isList;
      emptyValue = { value = [ ]; };
      merge = loc: defs: map (x: x.value) (filter (x: x ? value) (concatLists (map
        (def: genList
          (i: (mergeDefinitions (loc ++ [ "[definition ${toString i}]" ]) type [ { inherit (def) file; value = elemAt def.value i; } ]).optionalValue)
          (length def.value))
        defs)));
    };
    attrsOf = type: mkOptionType {
      name = "attribute set of ${type.name}";
      check = isAttrs;
      emptyValue = { value = { }; };
      merge = loc: defs: mapAttrs (_: v: v.value) (zipAttrsWith
        (name: defs: { value = (mergeDefinitions (loc ++ [ name ]) type defs).mergedValue; })
        (map (def: mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs));
    };
    submodule = module: mkOptionType {
      name = "submodule";
      check = x: isAttrs x || isFunction x;
      emptyValue = { value = { }; };
      merge = loc: defs: (evalModules { prefix = loc; modules = [ module ] ++ map (def: def.value) defs; args = { name = last loc; }; }).config;
    };
  };

  mergeDefinitions = loc: type: defs: rec {
    defsFinal' =
      let
        discharged = concatMap (def: map (value: { inherit (def) file; inherit value; }) (dischargeProperties def.value)) defs;
        filtered = filterOverrides discharged;
        sorted = if builtins.any (def: def.value._type or "" == "order") filtered then sortProperties filtered else filtered;
      in
      sorted;
    isDefined = defsFinal' != [ ];
    mergedValue =
      if isDefined then
        if all (def: type.check def.value) defsFinal' then type.merge loc defsFinal'
        else throw "A definition for option `${showOption loc}' is not of type `${type.description}'"
      else if type.emptyValue ? value then type.emptyValue.value
      else throw "The option `${showOption loc}' is used but not defined";
    optionalValue = optionalAttrs isDefined { value = mergedValue; };
  };

  evalOptionValue = loc: opt: defs:
    let
      defs' = optionals (opt ? default) [ { file = "default"; value = mkOverride 1500 opt.default; } ] ++ defs;
      res = mergeDefinitions loc opt.type defs';
    in
    opt // { value = if opt.apply or null != null then opt.apply res.mergedValue else res.mergedValue; inherit loc; definitions = map (def: def.value) res.defsFinal'; };

  # Modules.
  applyModule = module: args:
    if isFunction module then
      let
        wanted = functionArgs module;
        context = name: "while evaluating the module argument `${name}'";
        extra = mapAttrs (name: _: builtins.addErrorContext (context name) (args.${name} or args.config._args.${name})) wanted;
      in
      module (args // extra)
    else module;

  unify = file: m:
    if m ? config || m ? options then { inherit file; imports = m.imports or [ ]; options = m.options or { }; config = m.config or { }; }
    else { inherit file; imports = m.imports or [ ]; options = { }; config = removeAttrs m [ "imports" "key" ]; };

  collect = prefix: modules: args:
    concatLists (genList
      (i:
        let
          key = "${prefix}:${toString i}";
          loaded = unify key (applyModule (elemAt modules i) args);
        in
        [ loaded ] ++ collect key loaded.imports args)
      (length modules));

  mergeModules = prefix: modules:
    let
      optionsByName = zipAttrsWith (_: values: values)
        (map (m: mapAttrs (_: option: { inherit (m) file; inherit option; }) m.options) modules);
      configs = concatMap (m: map (config: { inherit (m) file; inherit config; }) (pushDownProperties m.config)) modules;
      definitionsByName = zipAttrsWith (_: values: values)
        (map (c: mapAttrs (_: value: { inherit (c) file; inherit value; }) c.config) configs);
      resolve = name: declarations:
        let
          loc = prefix ++ [ name ];
          definitions = definitionsByName.${name} or [ ];
          isOption = d: d.option._type or "" == "option";
        in
        if all isOption declarations then
          if length declarations == 1 then evalOptionValue loc (elemAt declarations 0).option definitions
          else throw "The option `${showOption loc}' is declared twice"
        else mergeModules loc
          (map (d: { inherit (d) file; options = d.option; config = { }; }) declarations
            ++ map (d: { inherit (d) file; options = { }; config = d.value; }) definitions);
      unmatched = filter (name: !(optionsByName ? ${name})) (attrNames definitionsByName);
      resolved = mapAttrs resolve optionsByName;
    in
    if unmatched != [ ] then throw "The option `${showOption (prefix ++ [ (elemAt unmatched 0) ])}' does not exist" else resolved;

  evalModules = { modules, prefix ? [ ], args ? { } }:
    let
      toConfig = options: mapAttrs (_: o: if o._type or "" == "option" then o.value else toConfig o) options;
      options = mergeModules prefix (collect "module" modules ({ inherit config options lib; } // args));
      config = toConfig options;
    in
    { inherit config options; };

  lib = { inherit mkIf mkMerge mkDefault mkForce mkOverride mkOption mkOrder types optionals showOption nameValuePair setAttrByPath; };

  # The modules.
  base = { lib, ... }: {
    options = {
      environment.packages = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
      environment.variables = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
      environment.etc = lib.mkOption {
        default = { };
        type = lib.types.attrsOf (lib.types.submodule ({ name, config, ... }: {
          options = {
            target = lib.mkOption { type = lib.types.str; description = "Where the file goes."; };
            text = lib.mkOption { type = lib.types.nullOr lib.types.lines; default = null; };
            enable = lib.mkOption { type = lib.types.bool; default = true; };
          };
          config.target = lib.mkDefault "/etc/${name}";
        }));
      };
    };
  };

  service = i: { config, lib, options, ... }:
    let
      name = "service${toString i}";
      cfg = config.services.${name};
      before = "service${toString (i / 2)}";
    in
    {
      imports = lib.optionals (mod i 7 == 0) [ { environment.variables."IMPORTED_${toString i}" = "yes"; } ];
      options.services.${name} = {
        enable = lib.mkOption { type = lib.types.bool; default = false; description = "Whether to enable ${name}."; };
        port = lib.mkOption { type = lib.types.int; default = 1000 + i; };
        level = lib.mkOption { type = lib.types.enum [ "debug" "info" "error" ]; default = "info"; };
        settings = lib.mkOption { type = lib.types.attrsOf lib.types.int; default = { }; };
        user = lib.mkOption { type = lib.types.nullOr lib.types.str; default = null; apply = u: if u == null then "nobody" else u; };
      };
      config = lib.mkMerge [
        { services.${name}.enable = lib.mkDefault (mod i 3 != 0); }
        (lib.mkIf (i > 0 && mod i 5 == 0) { services.${before} = { enable = lib.mkForce true; settings."from${toString i}" = cfg.port; }; })
        (lib.mkIf cfg.enable {
          environment.packages = lib.mkOrder (500 + mod i 100) [ name ];
          environment.variables."SERVICE_${toString i}_PORT" = toString cfg.port;
          environment.etc."${name}.conf".text = "level = ${cfg.level}\nuser = ${cfg.user}";
          services.${name}.level = if mod i 2 == 0 then "debug" else "error";
        })
      ];
    };

  run = count:
    let inherit (evalModules { modules = [ base ] ++ genList service count; }) config; in
    [
      (length config.environment.packages)
      (builtins.stringLength (concatStringsSep ":" (attrValues config.environment.variables)))
      (foldl' (sum: file: sum + builtins.stringLength "${file.target}${file.text}") 0 (attrValues config.environment.etc))
      (foldl' (sum: s: sum + (if s.enable then s.port else 0) + length (attrNames s.settings)) 0 (attrValues config.services))
    ];
in
{ inherit evalModules lib run; }
