{ pkgs ? import ../. { } }:
import ./remote-check.nix {
  inherit (pkgs.tiny) mkDerivation;
  side = "here";
}
