# The package set: a fixpoint of `all-packages.nix`, aliases, and overlays, for a native or a cross system.
{ system ? "x86_64-linux", crossSystem ? null, config ? { allowUnfreePredicate = attrs: attrs.version != "0"; }, overlays ? import ./overlays.nix }:
let
  lib = import ./lib;
  buildPlatform = lib.systems.elaborate system;
  hostPlatform = if crossSystem == null then buildPlatform else lib.systems.elaborate crossSystem;
  isCross = !lib.systems.equals buildPlatform hostPlatform;

  # Native packages for the building machine; of a native set, itself.
  buildPackages = if isCross then import ./. { inherit system config overlays; } else pkgs;

  seed = name: derivation {
    inherit name system;
    builder = "/bin/sh";
    args = [ "-c" "mkdir $out" ];
  };

  base = final: {
    inherit lib config buildPackages hostPlatform buildPlatform;
    pkgs = final;
    stdenv = import ./stdenv.nix {
      inherit lib config buildPlatform hostPlatform;
      targetPlatform = hostPlatform;
      shell = "/bin/sh";
      tools = {
        root = seed "root";
        compiler = seed "compiler${lib.optionalString isCross "-${hostPlatform.config}"}";
        splitOutputs = seed "split-outputs";
      };
    };
    stdenvNoCC = final.stdenv // { cc = null; };
    newScope = extra: lib.callPackageWith (scope // extra);
    callPackage = final.newScope { };
    fetchurl = { url, sha256, name ? baseNameOf url }: derivation {
      inherit name url system;
      builder = "builtin:fetchurl";
      outputHash = sha256;
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
    };
    writeText = name: text: derivation {
      inherit name text system;
      builder = "/bin/sh";
      args = [ "-c" "echo \"$text\" > $out" ];
    };
  };

  # What packages take as arguments. In a cross set each package also tells which one runs while building.
  scope = if isCross then builtins.mapAttrs splice pkgs // { inherit (pkgs) callPackage newScope; } else pkgs;
  splice = name: package:
    if name != "pkgs" && lib.isAttrs package && package ? outPath then package // { forBuild = buildPackages.${name}; } else package;

  packages = final: import ./all-packages.nix { inherit (final) callPackage; pkgs = final; inherit lib; };
  whole = lib.composeManyExtensions ([ (final: prev: packages final) (import ./aliases.nix) ] ++ overlays);
  pkgs = lib.fix (lib.extends whole base);
in
pkgs // {
  pkgsCross = lib.genAttrs [ "aarch64-linux" "riscv64-linux" ] (crossSystem: import ./. { inherit system crossSystem config overlays; });
}
