# The package set.
#
# `seed` names the foreign toolchain of pkgs/seeds that bootstraps start from;
# `seeds` are more of them, files by name; `system` is the machine the packages are
# built on and for. `overlays` are functions `final: prev: { ... }`, or files with one,
# that add and replace packages in every set: not in the stages of bootstraps, which
# are what they are.
{
  system ? builtins.currentSystem,
  seed ? "debian-gcc",
  seeds ? { },
  overlays ? [ ],
}:

let
  arch = import ../arch;

  # A system is the name of a profile and the kernel.
  machine = builtins.substring 0 (builtins.stringLength system - builtins.stringLength "-linux") system;

  # Not held against the schema at each evaluation, as those of other machines are: it
  # is what everything is built with.
  profile =
    let
      file = ../arch + "/${machine}.nix";
    in
    if system == "${machine}-linux" && machine != "default" && builtins.pathExists file then
      import file
    else
      throw "there is no profile for '${system}' yet;${
        if meant == [ ] then "" else " did you mean ${builtins.concatStringsSep " or " (map (name: "'${name}-linux'") meant)}?"
      } there is one for ${builtins.concatStringsSep ", " (map (name: "${name}-linux") (builtins.attrNames arch))}";

  # Profiles of which a part of `system` is a name elsewhere.
  meant =
    let
      words = [ system ] ++ builtins.filter builtins.isString (builtins.split "[-/]" system);
      matching =
        attributes: builtins.filter (name: builtins.any (one: builtins.elem arch.${name}.${one} words) attributes) (builtins.attrNames arch);
      exact = matching [ "name" "machine" "qemu" "debian" "apk" ];
    in
    if exact != [ ] then exact else matching [ "musl" "linux" ];

  lib = import ./lib { inherit profile; };

  inherit (import ./lib/package-set.nix) packageSet;

  given = map (overlay: if builtins.isFunction overlay then overlay else import overlay) overlays;

  allSeeds = import ./seeds {
    inherit lib profile;
    more = seeds;
  };

  # What packages are written with: a container whose `/` is the trees of `rootfs`
  # merged, and whatever else all of them shall have. A package is a function; what
  # it asks for by name comes from this set.
  over = overFor profile;

  # The same for programs that run on another machine, `host`.
  overFor = overFrom profile;

  overFrom =
    build: host: common:
    import ./lib/scope.nix {
      inherit
        arch
        build
        common
        host
        lib
        ;
    };

  baseOf = closure: { rootfs = closure.toolchain ++ closure.userland; } // closure.flags or { };

  # The ordinary packages over a closure, and the tools of a set.
  packagesOver =
    closure:
    packageSet {
      base = over (baseOf closure);
      packages = set: import ./ordinary.nix set.callPackage // { buildPackages = set; };
    };

  # What chx makes its sandboxes with. No stage of a bootstrap needs it.
  sandboxOver = closure: sandboxIn (over (baseOf closure));

  sandboxIn =
    scope:
    let
      # For the build alone, named by its path: a toolchain may have others at /usr/include.
      linux-headers = scope.callPackage ./linux-headers/package.nix { };
      libcap = scope.callPackage ./libcap/package.nix { inherit linux-headers; };
      bubblewrap = scope.callPackage ./bubblewrap/package.nix { inherit libcap linux-headers; };
    in
    {
      inherit bubblewrap libcap linux-headers;
      remote-launcher = scope.callPackage ./remote-launcher/package.nix { inherit bubblewrap; };
    };

  # What only clang compiles, in a system whose compiler is another: by Debian's.
  clangIn =
    found:
    let
      seed = allSeeds.debian-clang;
      scope = over {
        rootfs = seed.toolchain ++ seed.userland;
        toolchain = seed.compiles;
      };
    in
    {
      efi-stub = scope.callPackage ./efi-stub/package.nix { };
      linux = scope.callPackage ./linux/package.nix {
        inherit (found)
          bc
          btyacc
          flex
          zstd
          ;
      };
    };

  bootstrap = import ./bootstrap {
    inherit
      over
      overFor
      profile
      lib
      ;
    seeds = allSeeds;
  };

  chosen =
    allSeeds.${seed}
      or (throw "there is no seed '${seed}'; there are ${builtins.concatStringsSep ", " (builtins.attrNames allSeeds)}");

  # Compiled on and for this machine by the chosen seed.
  here = over (
    {
      inherit (chosen) rootfs;
      CFLAGS = "-O2";
      toolchain =
        chosen.compiles or {
          compiler = "cc";
          libc = "libc";
        };
    }
    // (if chosen ? cxx then { cxx.rootfs = chosen.rootfs ++ chosen.cxx; } else { })
  );

  # The packages for other machines, compiled on the machine `build` by the closure
  # that `nativeFor` gives for each of them.
  crossWith =
    {
      build ? profile,
      nativeFor,
      # The packages that run on it.
      buildPackages,
    }:
    builtins.mapAttrs (
      _: host:
      import ./cross.nix {
        inherit build host lib;
        overlays = given;
        overFor = overFrom build;
        native = nativeFor host;
        inherit buildPackages;
      }
    ) arch;

  # By the chosen seed, or another whose compiler makes programs for all machines.
  crossFrom =
    build:
    crossWith {
      inherit build;
      nativeFor = _: if chosen ? resources then chosen else allSeeds.debian-clang;
      buildPackages = native;
    };

  # A system after three stages, the ordinary packages built in it, and what its
  # compiler makes for other machines.
  final =
    set:
    let
      closure = (bootstrap.${set}.${seed} or (throw "no bootstrap of the set '${set}' starts from the seed '${seed}'")).stage2;
    in
    packageSet {
      base = over (baseOf closure);
      overlays = given;
      packages =
        found:
        let
          ordinary = import ./ordinary.nix found.callPackage;
        in
        ordinary
        // sandboxOver closure
        // (if closure.flags.toolchain.compiler or null == "tcc" then clangIn found else { })
        # What the stage has built itself stays as it is, unless an overlay is to change it.
        // (if given == [ ] then closure.packages else builtins.removeAttrs closure.packages (builtins.attrNames ordinary))
        // {
          inherit (closure) root;
          buildPackages = found;
        }
        // (
          if closure ? toolchainFor then
            {
              cross = crossWith {
                nativeFor =
                  host:
                  closure
                  // {
                    toolchain = closure.toolchainFor (if host.llvm == profile.llvm then [ host.llvm ] else [ profile.llvm host.llvm ]);
                  };
                buildPackages = found;
              };
            }
          else if closure ? crossTo then
            { cross = builtins.mapAttrs (_: closure.crossTo) arch; }
          else
            { }
        );
    };

  # Packages of sets that have their short names here, too.
  ofSets = {
    # What chx makes its sandboxes with is made by its own system.
    inherit (final "tiny") bubblewrap remote-launcher;
  };

  bundled = {
    isOverlaid = given != [ ];
    inherit
      bootstrap
      crossFrom
      lib
      over
      overFor
      packagesOver
      profile
      ;
    base = import ./base.nix;
    sets = import ./lib/sets.nix {
      inherit profile seed;
      set = native;
    };
    seeds = allSeeds;
    tiny = final "tiny";
    chimera = final "chimera";
    inherit (ofSets) bubblewrap remote-launcher;
    inherit ofSets;
    cross = crossFrom profile;
    inherit (bootstrap.tiny.${seed}.stage0.packages) tinycc;
    inherit (bootstrap.tiny.${seed}.stage2) root;
  };
  native = packageSet {
    base = here;
    overlays = given;
    packages = set: import ./ordinary.nix set.callPackage // { buildPackages = set; } // bundled;
  };
in
native
