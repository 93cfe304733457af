# Holds a profile against what may stand in one: name -> file -> the profile itself.
#
# Everything that is wrong is said at once, each with its place in the file.
name: file:

let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    genList
    isAttrs
    isList
    length
    map
    toJSON
    typeOf
    unsafeGetAttrPos
    ;

  schema = import ./attributes.nix;
  rules = import ./rules.nix name;

  given = import file;

  at =
    set: attribute:
    let
      position = unsafeGetAttrPos attribute set;
    in
    if position == null then toString file else "${position.file}:${toString position.line}:${toString position.column}";

  shown =
    value:
    if elem (typeOf value) [ "set" "lambda" "path" ] then
      { set = "a set"; lambda = "a function"; path = "a path"; }.${typeOf value}
    else if isList value then
      (if value == [ ] then "[ ]" else "[ ${concatStringsSep " " (map shown value)} ]")
    else
      toJSON value;

  inside = path: attribute: if path == "" then attribute else "${path}.${attribute}";

  # What is wrong with a set of which `attributes` says what may stand in it.
  faultsOfSet =
    path: set: attributes:
    map (
      attribute:
      "${at set attribute}: there is no attribute '${inside path attribute}' in a profile; there are ${
        concatStringsSep ", " (map (inside path) (attrNames attributes))
      }"
    ) (filter (attribute: !(attributes ? ${attribute})) (attrNames set))
    ++ concatMap (
      attribute:
      let
        kind = attributes.${attribute};
      in
      if set ? ${attribute} then
        faults (at set attribute) (inside path attribute) set.${attribute} kind
      else if kind ? default then
        [ ]
      else
        [ "${toString file}: the attribute '${inside path attribute}' is missing; it is ${kind.allowed}" ]
    ) (attrNames attributes);

  faults =
    place: path: value: kind:
    if !kind.accepts value then
      [ "${place}: the attribute '${path}' is ${shown value}; it must be ${kind.allowed}" ]
    else if kind ? attributes then
      faultsOfSet path value kind.attributes
    else if kind ? elements then
      concatMap (index: faults place "${path}.${toString index}" (builtins.elemAt value index) kind.elements) (
        genList (index: index) (length value)
      )
    else
      [ ];

  # The set that an attribute path ends in.
  holder = builtins.foldl' (set: attribute: set.${attribute}) given;

  broken = map (
    rule:
    let
      set = holder rule.within;
    in
    "${at set rule.attribute}: the attribute '${concatStringsSep "." (rule.within ++ [ rule.attribute ])}' is ${
      shown set.${rule.attribute}
    }; it must be ${rule.allowed}"
  ) (filter (rule: !rule.holds) (rules given));

  wrong =
    if !isAttrs given then
      [ "${toString file}: a profile is a set; this is ${shown given}" ]
    else
      let
        unfit = faultsOfSet "" given schema;
      in
      # A rule speaks of attributes that are what they must be.
      if unfit == [ ] then broken else unfit;

  defaults = builtins.mapAttrs (_: kind: kind.default) (
    builtins.removeAttrs schema (filter (attribute: !(schema.${attribute} ? default)) (attrNames schema))
  );
in
if wrong == [ ] then defaults // given else throw (concatStringsSep "\n" wrong)
