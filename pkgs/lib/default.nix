# What package expressions are written with.
{ profile }:

rec {
  # No file has it: a fetch with it fails, and tells the right one.
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = "0000000000000000000000000000000000000000000000000000";
  fetchurl = import ./fetchurl.nix;
  unpack = import ./unpack.nix;
  image = import ./image.nix;
  merge = import ./merge.nix;
  writeTree = import ./write-tree.nix;
  mkDerivation = import ./mk-derivation.nix { inherit (profile) system; };
}
