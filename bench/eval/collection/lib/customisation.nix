{ lib }:
let
  inherit (builtins) attrNames filter functionArgs head intersectAttrs isAttrs isFunction listToAttrs mapAttrs;

  parameters = f: if isAttrs f then f.__functionArgs or { } else functionArgs f;
  withParameters = known: f: { __functionArgs = known; __functor = _: f; };
  loaded = f: if isFunction f || isAttrs f then f else import f;
in
rec {
  # A function of a set whose results can be asked for again with other arguments, or changed as a whole.
  makeOverridable = build: withParameters (parameters build) (given:
    let
      made = build given;
      again = change: makeOverridable build (given // (if isFunction change then change given else change));
      changed = edit: makeOverridable (withParameters (parameters build) (arguments: edit (build arguments))) given;
      ways = { override = withParameters (parameters build) again; overrideDerivation = edit: changed (old: old // edit old); };
    in
    if isAttrs made then
      made // ways // (if made ? overrideAttrs then { overrideAttrs = edit: changed (old: old.overrideAttrs edit); } else { })
    else if isFunction made then withParameters (functionArgs made) made // { inherit (ways) override; }
    else made);

  callPackageWith = scope: file: explicit:
    let
      f = loaded file;
      wanted = parameters f;
      given = intersectAttrs wanted scope // explicit;
      absent = filter (name: !(wanted.${name} || given ? ${name})) (attrNames wanted);
    in
    if absent == [ ] then makeOverridable f given else throw "callPackage: nothing provides the argument ${head absent}";

  callPackagesWith = scope: file: explicit:
    let
      f = loaded file;
      given = intersectAttrs (parameters f) scope // explicit;
    in
    mapAttrs (name: _: makeOverridable (arguments: (f arguments).${name}) given) (f given);

  # A derivation whose outputs carry what the package carries, and that cannot be built unless `allowed`.
  extendDerivation = allowed: extra: drv:
    let
      names = drv.outputs or [ "out" ];
      guarded = one: { drvPath = assert allowed; one.drvPath; outPath = assert allowed; one.outPath; };
      output = name: shared // guarded drv.${name} // { inherit (drv.${name}) type outputName; outputSpecified = true; };
      outputs = listToAttrs (map (name: { inherit name; value = output name; }) names);
      shared = drv // outputs // { all = lib.attrVals names outputs; } // extra;
    in
    shared // guarded drv;

  makeScope = newScope: f:
    let
      scope = f scope // {
        newScope = more: newScope (scope // more);
        callPackage = scope.newScope { };
        overrideScope = overlay: makeScope newScope (lib.extends overlay f);
      };
    in
    scope;
}
