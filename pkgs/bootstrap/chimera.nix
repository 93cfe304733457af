# The stage of Chimera's kind of system: clang, lld and LLVM's libraries, musl, and a
# userland in which the next stage is built. No GCC, no libstdc++, no binutils.
#
# The compiler of the closure before compiles LLVM and nothing else; that compiles
# the libraries, and with them everything.
{ overFor, profile }:

previous:

let
  inherit (import ../lib/package-set.nix) callPackageWith;

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
    cxx = { };
    toolchain = {
      compiler = "clang";
      libc = "musl";
    };
    flagsFor = import ../lib/choice.nix {
      host = profile;
      CFLAGS = "-O2 ${flags.machine}";
      isThin = true;
    };
  };

  # Whoever compiled it before compiles it now.
  compiler = sealed (previous.toolchain ++ previous.userland) { };
  copied = sealed ([ packages.llvm ] ++ previous.userland) { };
  runtime = import ../runtime.nix {
    inherit copied resources;
    intrinsics = sealed ([ packages.llvm ] ++ runtime.headers ++ previous.userland) bare;
    libc = sealed ([ packages.llvm packages.compiler-rt ] ++ runtime.headers ++ previous.userland) bare;
    cxx = sealed ([ packages.llvm packages.compiler-rt packages.musl packages.linux-headers ] ++ previous.userland) bare;
  };
  programs = sealed (toolchain ++ previous.userland) full;

  # What makes a system of it. Not all of it is in the container of the next stage.
  ordinary =
    let
      found = import ../ordinary.nix (callPackageWith (programs // found));
    in
    builtins.intersectAttrs base found;
  base = {
    bmake = true;
    bzip2 = true;
    hello = true;
    libarchive = true;
    libedit = true;
    lua = true;
    mandoc = true;
    mksh = true;
    ncurses = true;
    xz = true;
    zlib = true;
    zstd = true;
  };

  packages = runtime.packages // ordinary // {
    llvm = compiler.callPackage ../llvm/package.nix { };
    dash = programs.callPackage ../dash/package.nix { };
    toybox = programs.callPackage ../toybox/package.nix { };
    byacc = programs.callPackage ../byacc/package.nix { };
    awk = programs.callPackage ../awk/package.nix { inherit (packages) byacc; };
    make = programs.callPackage ../make/package.nix { };
    ninja = programs.callPackage ../ninja/package.nix { };
  };

  toolchain = toolchainWith packages.llvm;
  toolchainWith = llvm: [
    llvm
    packages.compiler-rt
    packages.linux-headers
    packages.musl
    packages.fortify-headers
    packages.libunwind
    packages.libcxx
  ];
in
{
  inherit packages toolchain resources;
  flags = full;
  # The same compiler, for machines in LLVM's words.
  toolchainFor = targets: toolchainWith (compiler.callPackage ../llvm/package.nix { inherit targets; });
  userland = [
    packages.dash
    packages.toybox
    packages.byacc
    packages.awk
    packages.make
  ];
}
