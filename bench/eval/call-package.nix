# Functions of named arguments called with what they ask for, as package sets do.
let
  callPackage = f: overrides: f (builtins.intersectAttrs (builtins.functionArgs f) set // overrides);
  package = n: { name, stdenv, version ? "1.${toString n}", enable ? n > 100, lib, ... }@args:
    stdenv.mkDerivation { inherit name version; flags = lib.optional enable "--enable"; inherit (args) lib; };
  lib = { optional = c: x: if c then [ x ] else [ ]; };
  stdenv = { mkDerivation = attrs: attrs // { type = "package"; full = "${attrs.name}-${attrs.version}"; }; };
  set = { inherit lib stdenv; name = "pkg"; other = throw "unused"; };
  all = builtins.genList (n: callPackage (package n) { }) 10000;
in
builtins.foldl' (acc: p: acc + builtins.stringLength p.full + builtins.length p.flags) 0 all
