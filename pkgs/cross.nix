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
  # The packages of the build machine: builds call them.
  buildPackages,
  overlays ? [ ],
}:

let
  inherit (import ./lib/package-set.nix) packageSet;

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

  rootfsOf =
    {
      runtime ? [ ],
      trees ? [ ],
    }:
    native.toolchain ++ native.cxx or [ ] ++ native.userland ++ runtime ++ (if trees == [ ] then [ ] else [ (sysroot trees) ]);

  # A scope whose packages see `runtime` beside the compiler, and `trees` below the sysroot.
  scopeOf =
    {
      runtime ? [ ],
      trees ? [ ],
      CFLAGS ? "-O2 ${flags.compile}",
      more ? { },
    }:
    overFor host (
      {
        rootfs = rootfsOf { inherit runtime trees; };
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
      // more
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
  # What programs in C are compiled with.
  c = runtime.c ++ [
    packages.fortify-headers
    packages.libunwind
  ];
  programs = scopeOf {
    runtime = compilerRt;
    trees = c;
    more = {
      inherit onBuild toolchain;
      # A program in C does not wait for C++.
      cxx.rootfs = rootfsOf {
        runtime = compilerRt;
        trees = c ++ [ packages.libcxx ];
      };
      flagsFor = import ./lib/choice.nix {
        inherit host;
        CFLAGS = "-O2";
        isThin = true;
      };
    };
  };

  toolchain = {
    compiler = "clang";
    libc = "musl";
  };
  # A package of this set that is to run during a build is that of the build machine.
  onBuild =
    package:
    if package ? pname then
      buildPackages.${package.pname}
        or (throw "the package '${package.pname}' is to run during a build for ${host.name}, and the set of the machine that builds has none of that name")
    else
      package;

  inherit (runtime) packages;
in
packageSet {
  base = programs;
  inherit overlays;
  packages =
    set:
    packages
    // import ./ordinary.nix set.callPackage
    // {
      inherit buildPackages;
      awk = set.callPackage ./awk/package.nix { inherit (buildPackages) byacc; };
      dash = set.callPackage ./dash/package.nix { };
      mandoc = set.callPackage ./mandoc/package.nix { isTold = true; };
      toybox = set.callPackage ./toybox/package.nix { };
    };
}
