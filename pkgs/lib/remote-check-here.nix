{ pkgs ? import ../. { } }:
import ./remote-check.nix {
  inherit (pkgs) mkDerivation;
  side = "here";
}
