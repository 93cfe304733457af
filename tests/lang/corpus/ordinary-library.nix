/*
  Functions on lists and attribute sets, as a package collection would carry
  them. Nothing in here is evaluated by the tests: it is text to parse.
*/
{ lib }:

let
  inherit (builtins)
    attrNames
    concatLists
    elem
    elemAt
    filter
    foldl'
    genList
    head
    isAttrs
    isFunction
    isList
    isString
    length
    listToAttrs
    map
    tail
    ;
  inherit (lib.trivial) flip id const pipe;
  inherit (lib.strings) concatStringsSep escapeShellArg hasPrefix optionalString;

  # The value of an environment variable may be set more than once; the last one wins.
  lastOf = default: list: if list == [ ] then default else elemAt list (length list - 1);
in

rec {
  /**
    Fold a list from the right.

    # Inputs

    `op`: binary operation, `nul`: start value, `list`: the elements

    # Examples

    ```nix
    foldr (x: y: x + y) 0 [ 1 2 3 ]
    => 6
    ```
  */
  foldr =
    op: nul: list:
    let
      len = length list;
      fold' = n: if n == len then nul else op (elemAt list n) (fold' (n + 1));
    in
    fold' 0;

  # Like foldl', but the accumulator is also given the index.
  ifoldl' = op: nul: list: (foldl' (acc: el: { index = acc.index + 1; value = op acc.value acc.index el; }) { index = 0; value = nul; } list).value;

  singleton = x: [ x ];

  /* Apply a function to every element, with its position counted from one. */
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);

  flatten = x: if isList x then concatLists (map (y: flatten y) x) else [ x ];

  remove = e: filter (x: x != e);

  findSingle =
    pred: default: multiple: list:
    let
      found = filter pred list;
      len = length found;
    in
    if len == 0 then
      default
    else if len != 1 then
      multiple
    else
      head found;

  any' = pred: list: foldl' (acc: x: acc || pred x) false list;
  all' = pred: list: !(any' (x: !(pred x)) list);
  count = pred: foldl' (c: x: if pred x then c + 1 else c) 0;
  optional = cond: elem: if cond then [ elem ] else [ ];
  optionals = cond: elems: if cond then elems else [ ];
  toList = x: if isList x then x else [ x ];

  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);

  partition' = pred: list: {
    right = filter pred list;
    wrong = filter (x: !pred x) list;
  };

  # Stable topological order, or the cycle that prevents one.
  toposort =
    before: list:
    let
      dfsthis = listDfs true before list;
      toporest = toposort before (dfsthis.visited ++ dfsthis.rest);
    in
    if length list < 2 then
      { result = list; }
    else if dfsthis ? cycle then
      {
        cycle = reverseList ([ dfsthis.cycle ] ++ dfsthis.visited);
        inherit (dfsthis) loops;
      }
    else if toporest ? cycle then
      toporest
    else
      { result = [ dfsthis.minimal ] ++ toporest.result; };

  reverseList =
    xs:
    let
      l = length xs;
    in
    genList (n: elemAt xs (l - n - 1)) l;

  compareLists =
    cmp: a: b:
    if a == [ ] then
      if b == [ ] then 0 else -1
    else if b == [ ] then
      1
    else
      let
        rel = cmp (head a) (head b);
      in
      if rel == 0 then compareLists cmp (tail a) (tail b) else rel;

  take = count: sublist 0 count;
  drop = count: list: sublist count (length list) list;

  sublist =
    start: count: list:
    let
      len = length list;
    in
    genList (n: elemAt list (n + start)) (
      if start >= len then
        0
      else if start + count > len then
        len - start
      else
        count
    );

  attrByPath =
    attrPath: default: set:
    let
      lenAttrPath = length attrPath;
      attrByPath' =
        n: s:
        (
          if n == lenAttrPath then
            s
          else
            (
              let
                attr = elemAt attrPath n;
              in
              if s ? ${attr} then attrByPath' (n + 1) s.${attr} else default
            )
        );
    in
    attrByPath' 0 set;

  setAttrByPath =
    attrPath: value:
    let
      len = length attrPath;
      atDepth = n: if n == len then value else { ${elemAt attrPath n} = atDepth (n + 1); };
    in
    atDepth 0;

  catAttrs' = attr: list: concatLists (map (s: if s ? ${attr} then [ s.${attr} ] else [ ]) list);

  filterAttrs = pred: set: listToAttrs (concatLists (map (name: let v = set.${name}; in if pred name v then [ { inherit name; value = v; } ] else [ ]) (attrNames set)));

  mapAttrs' = f: set: listToAttrs (map (attr: f attr set.${attr}) (attrNames set));

  nameValuePair = name: value: { inherit name value; };

  recursiveUpdateUntil =
    pred: lhs: rhs:
    let
      f =
        attrPath:
        builtins.zipAttrsWith (
          n: values:
          let
            here = attrPath ++ [ n ];
          in
          if length values == 1 || pred here (elemAt values 1) (head values) then head values else f here values
        );
    in
    f [ ] [ rhs lhs ];

  recursiveUpdate = lhs: rhs: recursiveUpdateUntil (path: lhs: rhs: !(isAttrs lhs && isAttrs rhs)) lhs rhs;

  isDerivation = value: value.type or null == "derivation";
  getOutput = output: pkg: if !pkg ? outputSpecified || !pkg.outputSpecified then pkg.${output} or pkg.out or pkg else pkg;
  getBin = getOutput "bin";
  getDev = getOutput "dev";

  makeSearchPath = subDir: paths: concatStringsSep ":" (map (path: path + "/" + subDir) (filter (x: x != null) paths));

  toShellVar =
    name: value:
    if isAttrs value && !isDerivation value then
      "declare -A ${name}=(${concatStringsSep " " (map (n: "[${escapeShellArg n}]=${escapeShellArg value.${n}}") (attrNames value))})"
    else if isList value then
      "declare -a ${name}=(${concatStringsSep " " (map escapeShellArg value)})"
    else
      "${name}=${escapeShellArg value}";

  versionOlder = v1: v2: builtins.compareVersions v2 v1 == 1;
  versionAtLeast = v1: v2: !versionOlder v1 v2;

  getName =
    let
      parse = drv: (builtins.parseDrvName drv).name;
    in
    x: if isString x then parse x else x.pname or (parse x.name);

  # Where `self` is the finished set and `super` what came before.
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  fix = f: let x = f x; in x;
  composeExtensions = f: g: final: prev: let fApplied = f final prev; prev' = prev // fApplied; in fApplied // g final prev';

  makeOverridable =
    f: origArgs:
    let
      result = f origArgs;
      overrideWith = newArgs: origArgs // (if isFunction newArgs then newArgs origArgs else newArgs);
    in
    if isAttrs result then
      result
      // {
        override = newArgs: makeOverridable f (overrideWith newArgs);
        overrideDerivation = fdrv: makeOverridable (args: fdrv (f args)) origArgs;
        ${if result ? overrideAttrs then "overrideAttrs" else null} = fdrv: makeOverridable (args: (f args).overrideAttrs fdrv) origArgs;
      }
    else
      result;
}
