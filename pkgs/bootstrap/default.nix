# Chains of stages: bootstrap.SET.SEED.stageN
#
# A closure is { toolchain, userland, packages }: what compiles, what else is in a
# build's container, and both by name. A seed is one, a stage makes one of another.
{
  over,
  overFor ? _: over,
  profile ? { },
  lib,
  seeds,
  # Stages by name: functions, or sets that can be called and say in `asks` which
  # parts of a seed they need beside what every seed has, and in `refuses` what no
  # package after the seed may be, or be made with, by name.
  sets ? {
    tiny = import ./tiny.nix {
      inherit
        over
        overFor
        profile
        lib
        ;
    };
    chimera = {
      asks = [ "cxx" ];
      refuses = [
        "bash"
        "binutils"
        "busybox"
        "coreutils"
        "gcc"
        "glibc"
        "libgcc"
        "libstdc++"
      ];
      __functor = _: import ./chimera.nix { inherit overFor profile; };
    };
  },
}:

let
  # No number of a stage means anything to a stage; these many are given names.
  longest = 16;

  inherit (import ../lib/package-set.nix) packageSet;

  numbered = builtins.genList (number: number) longest;

  chain =
    set: stage: seedName: seed:
    let
      closures = builtins.genList (
        number: stage (if number == 0 then seed else builtins.elemAt closures (number - 1))
      ) longest;

      # Who builds a package of a stage, or with one, has it checked; who asks for its
      # name or version does not wait for that.
      checked =
        number:
        let
          closure = builtins.elemAt closures number;
          isIndependent = number == 0 || independent (stage.refuses or [ ]) seed (builtins.head closures) closure;
          guarded =
            package:
            if !builtins.isAttrs package then
              package
            else
              package
              // {
                drvPath =
                  assert isIndependent;
                  package.drvPath;
                outPath =
                  assert isIndependent;
                  package.outPath;
              };
          toolchain = map guarded closure.toolchain;
          userland = map guarded closure.userland;
          packages = builtins.mapAttrs (_: guarded) closure.packages;
        in
        closure
        // {
          inherit packages toolchain userland;
          root = lib.merge {
            name = "${set}-root";
            trees = toolchain ++ userland;
          };
          # Its packages of apk, neither signed nor packed, and those that hold a system together.
          repository = lib.merge {
            name = "${set}-repository";
            trees = map (package: package.apk) (
              builtins.filter (package: package ? apk) (builtins.attrValues closure.packages) ++ [ (baseFilesOver closure) ]
            );
          };
          # What a machine starts: a disk, or where nothing makes a kernel, an initramfs.
          image = lib.image ({ name = "${set}-image"; } // systemOver (closure // { inherit packages toolchain userland; }));
        };
    in
    builtins.listToAttrs (
      map (number: {
        name = "stage${toString number}";
        value = checked number;
      }) numbered
    )
    // {
      inherit seed;
    };

  overClosure = closure: over ({ rootfs = closure.toolchain ++ closure.userland; } // closure.flags or { });
  baseFilesOver = closure: (overClosure closure).callPackage ../base-files/package.nix { };

  # The packages of the stage with what makes a system of them: an init and its services, and
  # a kernel where the stage's compiler can make one.
  systemOver =
    closure:
    let
      set = packageSet {
        base = overClosure closure;
        packages =
          set:
          import ../ordinary.nix set.callPackage
          // {
            linux-headers = set.callPackage ../linux-headers/package.nix { };
            buildPackages = set;
          }
          // closure.packages;
      };
      hasKernel = set.linux.broken == null;
    in
    {
      kind = if hasKernel then "disk" else "initramfs";
      packages =
        builtins.attrValues closure.packages
        ++ [ set.base-minimal ]
        ++ (
          if hasKernel then
            [
              set.early-init
              set.efi-stub
              set.linux
            ]
          else
            [ ]
        );
    };

  # A tree that was captured, and not built, is its own store path.
  pathOf = package: builtins.unsafeDiscardStringContext (package.drvPath or (toString package));

  # The input closure of a stage after stage 0 holds nothing of the seed but
  # through the packages of stage 0, and nothing that is refused.
  independent =
    refused: seed: first: closure:
    let
      ends = map pathOf (builtins.attrValues first.packages);
      foreign = map pathOf (seed.toolchain ++ seed.userland);
      reached = builtins.genericClosure {
        startSet = map (package: {
          key = pathOf package;
          inherit package;
          way = [ package.name ];
        }) (builtins.attrValues closure.packages);
        operator =
          item:
          if builtins.elem item.key ends then
            [ ]
          else
            map (package: {
              key = pathOf package;
              inherit package;
              way = item.way ++ [ (package.name or (toString package)) ];
            }) (if builtins.isAttrs item.package then item.package.inputs or [ ] else [ ]);
      };
      residue = builtins.filter (item: builtins.elem item.key foreign) reached;
      unwanted =
        if refused == [ ] then
          [ ]
        else
          builtins.filter (item: builtins.elem (builtins.parseDrvName (item.package.name or "")).name refused) reached;
      along = items: builtins.concatStringsSep " <- " (builtins.head items).way;
    in
    if residue != [ ] then
      throw "the seed is reached without stage 0: ${along residue}"
    else if unwanted != [ ] then
      throw "the stage does without this: ${along unwanted}"
    else
      true;

  # The seeds that have every part of a toolchain that the stage asks for, with those parts.
  seedsFor =
    stage:
    let
      parts = stage.asks or [ ];
      suitable = builtins.filter (name: builtins.all (part: seeds.${name} ? ${part}) parts) (builtins.attrNames seeds);
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = seeds.${name} // {
          toolchain = seeds.${name}.toolchain ++ builtins.concatMap (part: seeds.${name}.${part}) parts;
        };
      }) suitable
    );
in
builtins.mapAttrs (set: stage: builtins.mapAttrs (chain set stage) (seedsFor stage)) sets
