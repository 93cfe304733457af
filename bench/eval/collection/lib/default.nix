# The library: what is written by hand, and what `generate.py` writes beside it.
let
  fixedPoints = import ./fixed-points.nix;
  lib = fixedPoints.makeExtensible (self:
    let callLibs = file: import file { lib = self; }; in
    {
      inherit fixedPoints;
      lists = callLibs ./lists.nix;
      strings = callLibs ./strings.nix;
      attrsets = callLibs ./attrsets.nix;
      customisation = callLibs ./customisation.nix;
      systems = callLibs ./systems.nix;
      meta = callLibs ./meta.nix;
      licenses = callLibs ./licenses.nix;
      maintainers = callLibs ./maintainers.nix;
      flags = callLibs ./flags.nix;

      inherit (builtins) add addErrorContext attrNames concatLists deepSeq elem elemAt filter functionArgs genericClosure
        hasAttr head intersectAttrs isAttrs isBool isFunction isInt isList isString length lessThan listToAttrs map
        mapAttrs removeAttrs replaceStrings seq stringLength substring tail tryEval;
      inherit (self.fixedPoints) composeExtensions composeManyExtensions converge extends fix id makeExtensible;
      inherit (self.lists) all any concatMap flatten foldl foldl' foldr imap0 last optional optionals partition range remove
        reverseList sortOn subtractLists toList unique zipListsWith;
      inherit (self.strings) concatMapStrings concatStrings concatStringsSep enableFeature escapeShellArg getName getVersion
        hasInfix hasPrefix hasSuffix makeBinPath makeSearchPath optionalString removePrefix removeSuffix splitString
        toUpper versionAtLeast versionOlder withFeature;
      inherit (self.attrsets) attrByPath attrVals attrValues filterAttrs foldlAttrs genAttrs getAttrs getBin getDev getLib
        getOutput isDerivation mapAttrs' mapAttrsToList nameValuePair optionalAttrs recursiveUpdate zipAttrsWith;
      inherit (self.customisation) callPackageWith callPackagesWith extendDerivation makeOverridable makeScope;
      inherit (self.meta) availableOn checkMeta getExe;
      version = "25.05";
    });
in
lib
