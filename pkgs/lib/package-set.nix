# Package sets as fixed points. A package is a function of what it asks for by name,
# and `callPackage` gives it that from the finished set, so that whoever changes one
# package changes it for all that are built with it.
let
  inherit (builtins)
    attrNames
    filter
    foldl'
    functionArgs
    intersectAttrs
    isAttrs
    isFunction
    mapAttrs
    ;

  # Call the function `package`, or the one in the file `package`, with what it asks
  # for of `found`, and with `overrides`.
  callPackageWith =
    found: package: overrides:
    let
      function = if isFunction package then package else import package;
      asked = functionArgs function;
      given = intersectAttrs asked found // overrides;
      missing = filter (name: !asked.${name} && !(given ? ${name})) (attrNames asked);
    in
    if !isFunction function then
      function
    else if missing == [ ] then
      overridable function given
    else
      throw (import ./missing.nix { inherit package found missing; });

  # What came out of a function, with the ways to have it come out otherwise:
  # `override` changes arguments of the function, `overrideAttrs` what it gives to
  # mkDerivation.
  overridable =
    function: arguments:
    let
      result = function arguments;
      changed = change: if isFunction change then change arguments else change;
    in
    if isAttrs result then
      result
      // {
        override = change: overridable function (arguments // changed change);
      }
      // (
        if result ? overrideAttrs then
          { overrideAttrs = change: overridable (given: (function given).overrideAttrs change) arguments; }
        else
          { }
      )
    else
      result;
in
{
  inherit callPackageWith overridable;

  # `base` is what packages are written with, `packages` a function from the finished
  # set to the packages in it. `overlays` are functions from the finished set and what
  # there was before to what is added or replaced, in this order.
  packageSet =
    {
      base,
      packages,
      overlays ? [ ],
    }@arguments:
    let
      packageSet = (import ./package-set.nix).packageSet;
      tools = {
        callPackage = callPackageWith final;
        # Of a function that gives several packages, each can be overridden.
        callPackages =
          package: overrides:
          let
            several = callPackageWith final package overrides;
          in
          mapAttrs (name: _: (callPackageWith final package overrides).${name}) (
            builtins.removeAttrs several [
              "override"
              "overrideAttrs"
            ]
          );
        # A `callPackage` that finds more than is in the set.
        newScope = more: callPackageWith (final // more);
        # A set within the set, whose packages find each other first.
        makeScope =
          packages:
          packageSet {
            base = final;
            inherit packages;
          };
        extend =
          overlay:
          packageSet (
            arguments
            // {
              overlays = overlays ++ [ overlay ];
            }
          );
      };
      final = foldl' (previous: overlay: previous // overlay final previous) (base // tools // packages final) overlays;
    in
    final;
}
