# The stage of Chimera's kind of system: clang, lld and LLVM's libraries, musl, and a
# userland in which the next stage is built. No GCC, no libstdc++, no binutils.
#
# The compiler of the closure before compiles LLVM and nothing else; that compiles
# the libraries, and with them everything.
{ overFor, profile }:

previous:

let
  over = overFor profile;
  flags = import ../lib/flags.nix profile;

  # Programs are static and find what they need below /usr: they refer to nothing.
  sealed =
    rootfs: arguments:
    over (
      {
        inherit rootfs;
        allowedRequisites = [ ];
      }
      // arguments
    );

  resources = "usr/lib/clang/19";

  # Compiled before there is anything to protect with.
  bare = {
    CFLAGS = "-O2 ${flags.machine}";
    CXXFLAGS = "-O2 ${flags.machine}";
  };
  full = rec {
    CFLAGS = "-O2 ${flags.machine} ${flags.compile}";
    CXXFLAGS = CFLAGS;
    LDFLAGS = flags.link;
  };

  # Whoever compiled it before compiles it now.
  compiler = sealed (previous.toolchain ++ previous.userland) { };
  copied = sealed ([ packages.llvm ] ++ previous.userland) { };
  headers = [
    packages.linux-headers
    packages.musl-headers
  ];
  runtime = sealed ([ packages.llvm ] ++ headers ++ previous.userland) bare;
  library = sealed ([ packages.llvm packages.compiler-rt ] ++ headers ++ previous.userland) bare;
  cxx = sealed ([ packages.llvm packages.compiler-rt packages.musl packages.linux-headers ] ++ previous.userland) bare;
  programs = sealed (toolchain ++ previous.userland) full;

  packages = {
    llvm = compiler.callPackage ../llvm/package.nix { };
    linux-headers = copied.callPackage ../linux-headers/package.nix { };
    musl-headers = copied.callPackage ../musl/headers.nix { };
    compiler-rt = runtime.callPackage ../compiler-rt/package.nix { inherit resources; };
    musl = library.callPackage ../musl/full.nix { };
    libunwind = cxx.callPackage ../libunwind/package.nix { };
    libcxx-headers = copied.callPackage ../libcxx/headers.nix { };
    libcxxabi = cxx.callPackage ../libcxxabi/package.nix { inherit (packages) libcxx-headers; };
    libcxx = cxx.callPackage ../libcxx/package.nix { inherit (packages) libcxx-headers libcxxabi; };
    dash = programs.callPackage ../dash/package.nix { };
    toybox = programs.callPackage ../toybox/package.nix { };
    byacc = programs.callPackage ../byacc/package.nix { };
    awk = programs.callPackage ../awk/package.nix { inherit (packages) byacc; };
    make = programs.callPackage ../make/package.nix { };
  };

  toolchain = [
    packages.llvm
    packages.compiler-rt
    packages.linux-headers
    packages.musl
    packages.libunwind
    packages.libcxx
  ];
in
{
  inherit packages toolchain resources;
  flags = full;
  userland = [
    packages.dash
    packages.toybox
    packages.byacc
    packages.awk
    packages.make
  ];
}
