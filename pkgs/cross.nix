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
}:

let
  under = "usr/${host.triplet}";
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
    overFor host {
      rootfs =
        native.toolchain ++ native.cxx or [ ] ++ native.userland ++ runtime ++ (if trees == [ ] then [ ] else [ (sysroot trees) ]);
      allowedRequisites = [ ];
      CC = "cc ${target} ${libraries}";
      CXX = "c++ ${target} ${libraries} -stdlib=libc++";
      CC_FOR_BUILD = "cc";
      inherit CFLAGS;
      CXXFLAGS = CFLAGS;
      LDFLAGS = flags.link;
      canRun = host.name == build.name;
      sysroot = under;
    };

  # Compiled before there is anything to protect with.
  bare = "-O2";

  headers = [
    packages.linux-headers
    packages.musl-headers
  ];
  runtime = [ packages.compiler-rt ];
  c = headers ++ [ packages.musl ];

  # What is only copied is the same whoever would compile it.
  copied = overFor host {
    rootfs = native.toolchain ++ native.userland;
    allowedRequisites = [ ];
  };
  intrinsics = scopeOf {
    CFLAGS = bare;
    trees = headers;
  };
  libc = scopeOf {
    CFLAGS = bare;
    inherit runtime;
    trees = headers;
  };
  cxx = scopeOf {
    CFLAGS = bare;
    inherit runtime;
    trees = c;
  };
  programs = scopeOf {
    inherit runtime;
    trees = c ++ [ packages.libunwind ];
  };
  # With C++, which programs in C need not wait for.
  complete = scopeOf {
    inherit runtime;
    trees = c ++ [
      packages.libunwind
      packages.libcxx
    ];
  };

  ordinary = name: programs.callPackage (./. + "/${name}/package.nix") { };

  packages =
    {
      linux-headers = copied.callPackage ./linux-headers/package.nix { };
      musl-headers = copied.callPackage ./musl/headers.nix { };
      compiler-rt = intrinsics.callPackage ./compiler-rt/package.nix {
        resources = native.resources or (throw "${native.name or "this toolchain"} has no compiler that makes programs for other machines: take one with clang, for example debian-clang");
      };
      musl = libc.callPackage ./musl/full.nix { };
      libunwind = cxx.callPackage ./libunwind/package.nix { };
      libcxx-headers = copied.callPackage ./libcxx/headers.nix { };
      libcxxabi = cxx.callPackage ./libcxxabi/package.nix { inherit (packages) libcxx-headers; };
      libcxx = cxx.callPackage ./libcxx/package.nix { inherit (packages) libcxx-headers libcxxabi; };
      awk = programs.callPackage ./awk/package.nix { inherit (tools) byacc; };
    }
    // builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value = ordinary name;
        })
        [
          "bmake"
          "byacc"
          "bzip2"
          "dash"
          "hello"
          "libarchive"
          "lua"
          "make"
          "mksh"
          "ncurses"
          "toybox"
          "xz"
          "zlib"
        ]
    );
in
complete // packages
