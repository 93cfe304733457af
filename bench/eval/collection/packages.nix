# Instantiates every package of the native set and every fourth of a cross set.
let
  native = import ./. { };
  cross = native.pkgsCross.aarch64-linux;
  inherit (native) lib;
  names = import ./names.nix;
  fourth = builtins.filter (name: lib.hasSuffix "4" name || lib.hasSuffix "8" name) names;
  seen = set: name:
    let package = set.${name}; in
    builtins.seq package.drvPath
      (builtins.stringLength package.name + builtins.length package.meta.outputsToInstall + lib.stringLength package.meta.position
        + (if package.meta.available then 1 else 0));
  sum = set: builtins.foldl' (total: name: total + seen set name) 0;
in
"${toString (sum native names)} ${toString (sum cross fourth)} ${lib.getName native.newest}"
