# The package set.
#
# `seed` names the foreign toolchain of pkgs/seeds that the packages are built
# with; `system` the machine they are built on and for.
{
  system ? builtins.currentSystem,
  seed ? "debian-gcc",
}:

let
  profiles = {
    x86_64-linux = import ../arch/x86_64.nix;
  };

  profile =
    profiles.${system}
      or (throw "there is no profile for '${system}' yet; there is one for ${builtins.concatStringsSep ", " (builtins.attrNames profiles)}");

  lib = import ./lib { inherit profile; };

  seeds = import ./seeds { inherit lib profile; };

  # A package is a function; what it asks for by name comes from this set.
  callPackage =
    path: overrides:
    let
      package = import path;
      wanted = builtins.functionArgs package;
    in
    package (builtins.intersectAttrs wanted pkgs // overrides);

  pkgs = {
    inherit
      callPackage
      lib
      profile
      seeds
      ;
    inherit (lib) fetchurl unpack writeTree;

    mkDerivation =
      arguments:
      lib.mkDerivation ({ rootfs = (seeds.${seed} or (throw "there is no seed '${seed}'")).rootfs; } // arguments);

    tinycc = callPackage ./tinycc/package.nix { };
    hello = callPackage ./hello/package.nix { };
  };
in
pkgs
