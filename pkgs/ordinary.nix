# The packages that any toolchain for C makes, each with its own build system, in a scope.
scope:

let
  named = name: overrides: scope.callPackage (./. + "/${name}/package.nix") overrides;

  packages =
    builtins.listToAttrs (
      map
        (name: {
          inherit name;
          value = named name { };
        })
        [
          "bmake"
          "bzip2"
          "hello"
          "libarchive"
          "lua"
          "mksh"
          "ncurses"
          "xz"
          "zlib"
          "zstd"
        ]
    )
    // {
      libedit = named "libedit" { inherit (packages) ncurses; };
      mandoc = named "mandoc" { inherit (packages) zlib; };
    };
in
packages
