# What package expressions are written with.
{ profile }:

rec {
  fetchurl = import ./fetchurl.nix;
  unpack = import ./unpack.nix;
  merge = import ./merge.nix;
  writeTree = import ./write-tree.nix;
  mkDerivation = import ./mk-derivation.nix { inherit (profile) system; };
}
