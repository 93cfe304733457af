# The packages for the machine `host`, compiled on the machine `build` by a clang and
# with the userland of `native`: { toolchain, userland, resources }.
#
# What programs of the host are compiled against lies below /usr/TRIPLET, so that
# both machines have their places in one container.
{
  build,
  host,
  lib,
  native,
  overFor,
  # Programs for the build machine that builds of packages call.
  tools,
  overlays ? [ ],
}:

let
  inherit (import ./lib/package-set.nix) callPackageWith packageSet;

  under = "usr/${host.triplet}";
  canRun = host.name == build.name;
  flags = import ./lib/flags.nix host;

  sysroot =
    trees:
    lib.merge {
      name = "sysroot-${host.name}";
      inherit trees under;
    };

  target = "--target=${host.triplet} --sysroot=/${under} ${flags.machine}";
  libraries = "-rtlib=compiler-rt -unwindlib=libunwind -Wno-unused-command-line-argument";

  # A scope whose packages see `runtime` beside the compiler, and `trees` below the sysroot.
  scopeOf =
    {
      runtime ? [ ],
      trees ? [ ],
      CFLAGS ? "-O2 ${flags.compile}",
    }:
    overFor host (
      {
        rootfs =
          native.toolchain ++ native.cxx or [ ] ++ native.userland ++ runtime ++ (if trees == [ ] then [ ] else [ (sysroot trees) ]);
        allowedRequisites = [ ];
        CC = "cc ${target} ${libraries}";
        CXX = "c++ ${target} ${libraries} -stdlib=libc++";
        CC_FOR_BUILD = "cc";
        inherit CFLAGS canRun;
        CXXFLAGS = CFLAGS;
        LDFLAGS = flags.link;
        sysroot = under;
      }
      # What `configure` would run to see what it answers.
      // (if canRun then { } else { CONFIG_SITE = "${./lib/musl.site}"; })
    );

  # Compiled before there is anything to protect with.
  bare = "-O2";

  # What is only copied is the same whoever would compile it.
  copied = overFor host {
    rootfs = native.toolchain ++ native.userland;
    allowedRequisites = [ ];
  };
  compilerRt = [ packages.compiler-rt ];
  runtime = import ./runtime.nix {
    inherit copied;
    resources =
      native.resources
        or (throw "${native.name or "this toolchain"} has no compiler that makes programs for other machines: take one with clang, for example debian-clang");
    intrinsics = scopeOf {
      CFLAGS = bare;
      trees = runtime.headers;
    };
    libc = scopeOf {
      CFLAGS = bare;
      runtime = compilerRt;
      trees = runtime.headers;
    };
    cxx = scopeOf {
      CFLAGS = bare;
      runtime = compilerRt;
      trees = runtime.c;
    };
  };
  programs = scopeOf {
    runtime = compilerRt;
    trees = runtime.c ++ [
      packages.fortify-headers
      packages.libunwind
    ];
  };
  # With C++, which programs in C need not wait for.
  complete = scopeOf {
    runtime = compilerRt;
    trees = runtime.c ++ [
      packages.fortify-headers
      packages.libunwind
      packages.libcxx
    ];
  };

  inherit (runtime) packages;
in
packageSet {
  base = complete;
  inherit overlays;
  packages =
    set:
    let
      # What is written in C does not wait for C++.
      inC = callPackageWith (set // { inherit (programs) mkDerivation; });
    in
    packages
    // import ./ordinary.nix inC
    // {
      awk = inC ./awk/package.nix { inherit (tools) byacc; };
      byacc = inC ./byacc/package.nix { };
      dash = inC ./dash/package.nix { };
      make = inC ./make/package.nix { };
      mandoc = inC ./mandoc/package.nix { isTold = true; };
      ninja = set.callPackage ./ninja/package.nix { };
      toybox = inC ./toybox/package.nix { };
    };
}
