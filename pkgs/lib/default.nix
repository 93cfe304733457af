# What package expressions are written with.
{ system }:

rec {
  fetchurl = import ./fetchurl.nix;
  unpack = import ./unpack.nix;
  writeTree = import ./write-tree.nix;
  mkDerivation = import ./mk-derivation.nix { inherit system; };
}
