# Foreign toolchains, each pinned file by file in a lock.
#
# A seed is used only as the `rootfs` of stage 0; `rootfs` lists its packages'
# trees and one tree of links.
{ lib, profile }:

let
  load =
    name:
    let
      seed = import (./. + "/${name}.nix");
      lock = builtins.fromJSON (builtins.readFile (./. + "/${name}.lock.json"));

      package =
        file:
        lib.unpack {
          name = builtins.replaceStrings [ ":" "~" ] [ "-" "-" ] "${file.package}-${file.version}";
          src = lib.fetchurl { inherit (file) url sha256; };
          strip = 0;
          exclude = [
            "usr/share/doc"
            "usr/share/info"
            "usr/share/lintian"
            "usr/share/locale"
            "usr/share/man"
          ];
        };

      links = lib.writeTree {
        name = "${name}-links";
        entries = map (path: {
          inherit path;
          kind = "symlink";
          target = seed.links.${path};
        }) (builtins.attrNames seed.links);
      };
    in
    if seed.architecture != profile.debian then
      throw "the seed '${name}' runs on ${seed.architecture}, this machine is ${profile.debian}"
    else
      {
        inherit name;
        rootfs = map package lock.files ++ [ links ];
      };
in
{
  debian-gcc = load "debian-gcc";
}
