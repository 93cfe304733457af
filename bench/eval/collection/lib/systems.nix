# A platform from its name: `x86_64-linux` or `aarch64-unknown-linux-musl`.
{ lib }:
let
  inherit (builtins) elemAt length;
  inherit (lib) mapAttrs splitString;

  cpus = {
    x86_64 = { bits = 64; family = "x86"; endian = "little"; };
    i686 = { bits = 32; family = "x86"; endian = "little"; };
    aarch64 = { bits = 64; family = "arm"; endian = "little"; };
    armv7l = { bits = 32; family = "arm"; endian = "little"; };
    riscv64 = { bits = 64; family = "riscv"; endian = "little"; };
    s390x = { bits = 64; family = "s390"; endian = "big"; };
  };

  predicates = {
    isx86_64 = p: p.cpu.family == "x86" && p.cpu.bits == 64;
    isx86_32 = p: p.cpu.family == "x86" && p.cpu.bits == 32;
    isAarch64 = p: p.cpu.family == "arm" && p.cpu.bits == 64;
    isAarch32 = p: p.cpu.family == "arm" && p.cpu.bits == 32;
    isRiscV = p: p.cpu.family == "riscv";
    is64bit = p: p.cpu.bits == 64;
    isLittleEndian = p: p.cpu.endian == "little";
    isLinux = p: p.kernel == "linux";
    isDarwin = p: p.kernel == "darwin";
    isMusl = p: p.abi == "musl";
    isGnu = p: p.abi == "gnu";
    isUnix = p: p.kernel == "linux" || p.kernel == "darwin";
  };

  parse = text:
    let
      parts = splitString "-" text;
      cpuName = elemAt parts 0;
      kernel = if length parts == 2 then elemAt parts 1 else elemAt parts 2;
    in
    {
      inherit kernel;
      cpu = cpus.${cpuName} // { name = cpuName; };
      abi = if length parts == 4 then elemAt parts 3 else if kernel == "linux" then "gnu" else "unknown";
    };
in
rec {
  inherit predicates;
  elaborate = args:
    let
      given = if builtins.isString args then { system = args; } else args;
      final = {
        parsed = parse final.system;
        system = given.system;
        config = "${final.parsed.cpu.name}-unknown-${final.parsed.kernel}-${final.parsed.abi}";
        canExecute = other: other.parsed.cpu == final.parsed.cpu && other.parsed.kernel == final.parsed.kernel;
        extensions = if final.isDarwin then { sharedLibrary = ".dylib"; } else { sharedLibrary = ".so"; };
        linuxArch = if final.isAarch64 then "arm64" else final.parsed.cpu.name;
      } // mapAttrs (_: predicate: predicate final.parsed) predicates // given;
    in
    final;
  equals = a: b: a.config == b.config;
  all = [ "x86_64-linux" "i686-linux" "aarch64-linux" "armv7l-linux" "riscv64-linux" "s390x-linux" "x86_64-darwin" "aarch64-darwin" ];
  linux = builtins.filter (system: lib.hasSuffix "-linux" system) all;
  unix = all;
  x86 = [ "x86_64-linux" "i686-linux" "x86_64-darwin" ];
}
