{ lib }:
let
  inherit (builtins) attrNames attrValues concatMap elemAt filter foldl' isAttrs length listToAttrs mapAttrs zipAttrsWith;
in
rec {
  inherit attrValues zipAttrsWith;
  attrByPath = path: default: set:
    let
      len = length path;
      go = n: s: if n == len then s else let attr = elemAt path n; in if s ? ${attr} then go (n + 1) s.${attr} else default;
    in
    go 0 set;
  attrVals = names: set: map (name: set.${name}) names;
  getAttrs = names: attrs: genAttrs names (name: attrs.${name});
  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  filterAttrs = pred: set: removeAttrs set (filter (name: !pred name set.${name}) (attrNames set));
  foldlAttrs = f: init: set: foldl' (acc: name: f acc name set.${name}) init (attrNames set);
  mapAttrs' = f: set: listToAttrs (map (attr: f attr set.${attr}) (attrNames set));
  mapAttrsToList = f: attrs: attrValues (mapAttrs f attrs);
  optionalAttrs = cond: as: if cond then as else { };
  isDerivation = value: value.type or null == "derivation";
  recursiveUpdateUntil = pred: lhs: rhs:
    let
      f = attrPath: zipAttrsWith (n: values:
        let here = attrPath ++ [ n ]; in
        if length values == 1 || pred here (elemAt values 1) (elemAt values 0) then elemAt values (length values - 1)
        else f here values);
    in
    f [ ] [ lhs rhs ];
  recursiveUpdate = recursiveUpdateUntil (path: lhs: rhs: !(isAttrs lhs && isAttrs rhs));
  getOutput = output: pkg:
    if !pkg ? outputSpecified || !pkg.outputSpecified then pkg.${output} or pkg.out or pkg else pkg;
  getFirstOutput = candidates: pkg:
    let outputs = filter (name: pkg ? ${name}) candidates; in
    if pkg.outputSpecified or false || outputs == [ ] then pkg else pkg.${elemAt outputs 0};
  getBin = getFirstOutput [ "bin" "out" ];
  getLib = getFirstOutput [ "lib" "out" ];
  getDev = getFirstOutput [ "dev" "out" ];
}
