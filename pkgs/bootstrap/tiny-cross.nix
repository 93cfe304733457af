# The packages of the tiny system for the machine `host`, compiled on the machine
# `build` by a tcc that runs there and makes programs for `host`. They are to be the
# bytes that the system compiles for itself on `host`: no compiler of that machine
# takes part in this.
{
  closure,
  overFor,
  build,
  host,
  lib,
}:

let
  under = "usr/${host.triplet}";
  sysroot =
    trees:
    lib.merge {
      name = "sysroot-${host.name}";
      inherit trees under;
    };

  sealed =
    profile: rootfs: arguments:
    overFor profile (
      {
        inherit rootfs;
        allowedRequisites = [ ];
      }
      // arguments
    );

  here = closure.toolchain ++ closure.userland;
  compiler = (sealed build here { }).callPackage ../tinycc/package.nix { target = host; };

  foreign = {
    CC = "${host.triplet}-tcc";
    CC_FOR_BUILD = "cc";
    canRun = host.name == build.name;
  };
  library = sealed host ([ compiler ] ++ here) foreign;
  programs = sealed host ([ compiler ] ++ here ++ [ (sysroot [ packages.musl ]) ]) foreign;

  packages = {
    tinycc = programs.callPackage ../tinycc/package.nix {
      cc = "$CC";
      compiled = "$CC";
    };
    musl = library.callPackage ../musl/package.nix { };
    dash = programs.callPackage ../dash/package.nix { };
    toybox = programs.callPackage ../toybox/package.nix { };
    byacc = programs.callPackage ../byacc/package.nix { };
    awk = programs.callPackage ../awk/package.nix { inherit (closure.packages) byacc; };
    make = programs.callPackage ../make/package.nix { };
  };
in
packages // { inherit compiler; }
