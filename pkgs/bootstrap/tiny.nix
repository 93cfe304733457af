# The stage of the tiny system: tcc, musl, dash, toybox, awk, byacc and make.
#
# A stage is a function from closure to closure: it applies the packages to the
# toolchain and the userland of the closure before it. The compiler of that closure
# sees one package only, the compiler; all else is built with what came out of that.
{
  over,
  # What compiling for other machines needs beside it.
  overFor ? null,
  profile ? null,
  lib ? null,
}:

previous:

let
  # Programs are static and find what they need below /usr: they refer to nothing.
  sealed =
    rootfs:
    over {
      inherit rootfs;
      allowedRequisites = [ ];
    };

  # Whoever compiled it before compiles it now.
  compiler = sealed (previous.toolchain ++ previous.userland);
  # No libc yet, and no headers but the compiler's.
  library = sealed ([ packages.tinycc ] ++ previous.userland);
  programs = sealed (toolchain ++ previous.userland);

  packages = {
    tinycc = compiler.callPackage ../tinycc/package.nix { };
    musl = library.callPackage ../musl/package.nix { };
    dash = programs.callPackage ../dash/package.nix { };
    toybox = programs.callPackage ../toybox/package.nix { };
    byacc = programs.callPackage ../byacc/package.nix { };
    awk = programs.callPackage ../awk/package.nix { inherit (packages) byacc; };
    make = programs.callPackage ../make/package.nix { };
  };

  toolchain = [
    packages.tinycc
    packages.musl
  ];

  closure = {
    inherit packages toolchain userland;
    flags.toolchain = {
      compiler = "tcc";
      libc = "musl";
    };
  };

  userland = [
    packages.dash
    packages.toybox
    packages.byacc
    packages.awk
    packages.make
  ];
in
closure
// (
  if overFor == null then
    { }
  else
    {
      # The same packages for another machine, compiled on this one; for this one they are there.
      crossTo =
        host:
        if host.name == profile.name then
          packages
        else
          import ./tiny-cross.nix {
            inherit
              closure
              overFor
              host
              lib
              ;
            build = profile;
          };
    }
)
