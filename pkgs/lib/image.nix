# An image that a machine starts from: a derivation (`builtin:image`) whose output is the
# file. docs/images.md tells what is in it.
#
# `kind` is "disk" (partitions: a kernel that UEFI starts, and the root) or "initramfs" (the
# root alone, which any kernel starts). What `packages` need where they run comes along.
{
  name,
  kind,
  packages,
}@arguments:

let
  inherit (builtins) filter isAttrs map;

  pathOf = package: builtins.unsafeDiscardStringContext package.drvPath;
  all = builtins.genericClosure {
    startSet = map (package: {
      key = pathOf package;
      inherit package;
    }) packages;
    operator =
      item:
      map (package: {
        key = pathOf package;
        inherit package;
      }) (filter isAttrs (item.package.runtime or [ ]));
  };
  described =
    { package, ... }:
    {
      title = package.name;
      outputs = map (output: "${package.${output}}") package.outputs or [ "out" ];
      inherit (package) installation;
      needs = filter builtins.isString package.runtime;
      machine = package.profile.name;
    };
in
derivation (
  {
    inherit name;
    system = "builtin";
    builder = "builtin:image";
    image = builtins.toJSON {
      inherit kind;
      packages = map described all;
    };
  }
  // import ./place.nix arguments
)
