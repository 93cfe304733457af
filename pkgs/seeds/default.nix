# Foreign toolchains, each pinned file by file: docs/seeds.md.
#
# Every NAME.nix beside this file is a seed and says what its two halves hold, and
# what compiling C++ needs beyond them (`cxx`, which not every seed has);
# NAME.lock.json, written by `chx seed update NAME`, pins their packages. A half
# has packages and wheels, or trees that are in the store already, and the links,
# scripts and small files that nobody packages.
{ lib, profile }:

let
  inherit (builtins)
    attrNames
    elem
    filter
    fromJSON
    listToAttrs
    map
    readDir
    readFile
    replaceStrings
    ;

  stem =
    file:
    let
      length = builtins.stringLength file - 4;
    in
    builtins.substring 0 (if length > 0 then length else 0) file;

  names = filter (name: name != "default") (
    map stem (filter (file: stem file + ".nix" == file) (attrNames (readDir ./.)))
  );

  documentation = [
    "usr/share/doc"
    "usr/share/info"
    "usr/share/lintian"
    "usr/share/locale"
    "usr/share/man"
  ];

  load =
    name:
    let
      seed = import (./. + "/${name}.nix");
      lock = fromJSON (readFile (./. + "/${seed.pins or name}.lock.json"));

      half =
        part:
        let
          told = seed.${part};

          package =
            file:
            lib.unpack (
              {
                name = replaceStrings [ ":" "~" ] [ "-" "-" ] "${file.package}-${file.version}";
                src = lib.fetchurl { inherit (file) url sha256; };
                strip = 0;
                exclude = documentation ++ told.exclude or [ ];
              }
              // (if told ? only then { inherit (told) only; } else { })
            );

          entries =
            map (path: {
              inherit path;
              kind = "symlink";
              target = told.links.${path};
            }) (attrNames (told.links or { }))
            ++ map (path: {
              inherit path;
              kind = "executable";
              content = told.scripts.${path};
            }) (attrNames (told.scripts or { }))
            ++ map (path: {
              inherit path;
              kind = "file";
              content = told.files.${path};
            }) (attrNames (told.files or { }));

          own = lib.writeTree {
            name = "${name}-${part}";
            inherit entries;
          };
        in
        if seed ? architecture && seed.architecture != profile.debian then
          throw "the seed '${name}' runs on ${seed.architecture}, this machine is ${profile.debian}"
        else
          told.trees or (map package (filter (file: elem file.package lock.${part}) lock.files))
          ++ (if entries == [ ] then [ ] else [ own ]);

      # What a part would make in every build anew, made once by the seed itself.
      prepared =
        part: suffix: trees:
        if seed.${part} ? prepare then
          [
            (derivation {
              name = "${name}-${suffix}";
              inherit (profile) system;
              rootfs = trees ++ half "userland";
              builder = "/bin/sh";
              args = [
                "-euc"
                seed.${part}.prepare
              ];
            })
          ]
        else
          [ ];

      given = half "toolchain";
      toolchain = given ++ prepared "toolchain" "prepared" given;
      cxx = half "cxx";
    in
    rec {
      inherit name;
      inherit (seed) description;
      impure = seed.impure or false;
      demonstration = seed.demonstration or false;
      inherit toolchain;
      userland = half "userland";
      rootfs = toolchain ++ userland;
    }
    // (if seed ? cxx then { cxx = cxx ++ prepared "cxx" "prepared-cxx" (toolchain ++ cxx); } else { })
    // (if seed ? resources then { inherit (seed) resources; } else { });
in
listToAttrs (
  map (name: {
    inherit name;
    value = load name;
  }) names
)
