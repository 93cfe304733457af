# Foreign toolchains, each pinned file by file: docs/seeds.md.
#
# Every NAME.nix beside this file is a seed and says what its two halves hold, and
# what compiling C++ needs beyond them (`cxx`, which not every seed has);
# NAME.lock.json, written by `chx seed update NAME`, pins their packages. A seed for
# several machines is a function of the machine's profile, with a lock for each
# (NAME.arm64.lock.json). A half
# has packages, wheels, archives and images, or trees that are in the store already,
# and the links, scripts and small files that nobody packages. `more` are files like
# these, by name, that lie elsewhere.
{
  lib,
  profile,
  more ? { },
}:

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

  # A seed for several machines is a function.
  describe =
    file:
    let
      told = import file;
    in
    if builtins.isFunction told then told profile else told;

  load =
    name: file:
    let
      seed = describe file;
      folder = dirOf file;

      # Which lock is its own, of a seed for several machines.
      suffix = if seed ? architectures then ".${profile.debian}" else "";

      # What is made here and not fetched is pinned in the home of whoever made it,
      # where there is no such folder before somebody asked for it.
      homely = builtins.tryEval <chx-seeds>;
      made = homely.value + "/${name}.lock.json";
      lockFile =
        if !(seed ? made) then
          folder + "/${seed.pins or (stem (baseNameOf file))}${suffix}.lock.json"
        else if homely.success && builtins.pathExists made then
          made
        else
          throw "the seed '${name}' is not made yet; run `chx seed update ${name}`";
      lock =
        if seed ? made || builtins.pathExists lockFile then
          fromJSON (readFile lockFile)
        else
          throw "the seed '${name}' is not pinned yet; `chx seed update ${name}${
            if seed ? architectures then " --architecture ${profile.name}" else ""
          }` does that";

      architectures = seed.architectures or [ (seed.architecture or profile.debian) ];

      # A place that is told without a scheme lies beside the lock.
      placeOf =
        url:
        if builtins.match "[A-Za-z][A-Za-z0-9+.-]*:.*" url != null then
          url
        else
          "file:${replaceStrings [ "%" "?" "#" " " ] [ "%25" "%3F" "%23" "%20" ] "${toString (dirOf lockFile)}/${url}"}";

      half =
        part:
        let
          told = seed.${part};

          selected = arguments: if told ? only then arguments // { inherit (told) only; } else arguments;
          excluded =
            arguments: if told ? exclude then arguments // { inherit (told) exclude; } else arguments;
          nameOf = path: baseNameOf (builtins.unsafeDiscardStringContext (toString path));
          isLocal = place: builtins.typeOf place == "path";

          archive =
            name: src:
            lib.unpack (
              selected (excluded {
                inherit name src;
                strip = told.strip or 0;
              })
            );
          # The layout of an image, in a folder or in an archive.
          which = builtins.intersectAttrs {
            reference = true;
            platform = true;
          } told;
          image =
            name: src: isFolder:
            lib.unpack (
              selected (excluded (which // {
                inherit name;
                strip = 0;
                src =
                  if isFolder then
                    src
                  else
                    lib.unpack {
                      name = "${name}-layout";
                      inherit src;
                      strip = 0;
                    };
              }))
            );

          package =
            file:
            let
              name = replaceStrings [ ":" "~" ] [ "-" "-" ] (
                if file.version == "" then file.package else "${file.package}-${file.version}"
              );
              src = lib.fetchurl (
                {
                  inherit (file) sha256;
                  url = placeOf file.url;
                }
                // (if file.version == "" then { name = file.package; } else { })
              );
            in
            if seed ? made then
              archive (stem file.package) src
            else if elem file.url (told.images or [ ]) then
              image name src false
            else if elem file.url (told.archives or [ ]) then
              archive name src
            else
              lib.unpack (
                selected {
                  inherit name src;
                  strip = 0;
                  exclude = documentation ++ told.exclude or [ ];
                }
              );

          local =
            map (place: archive (nameOf place) "${place}") (filter isLocal (told.archives or [ ]))
            ++ map (place: image (nameOf place) "${place}" (builtins.readFileType place == "directory")) (
              filter isLocal (told.images or [ ])
            );

          isPinned =
            seed ? made
            || builtins.any (kind: told ? ${kind}) [
              "packages"
              "wheels"
            ]
            || builtins.any (place: !isLocal place) (told.archives or [ ] ++ told.images or [ ]);

          trees = map (tree: if isLocal tree then builtins.path { path = tree; } else tree) (told.trees or [ ]);

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
        if !elem profile.debian architectures then
          throw "the seed '${name}' runs on ${builtins.concatStringsSep ", " architectures}, this machine is ${profile.debian}${elsewhere}"
        else
          (if isPinned then map package (filter (file: elem file.package (lock.${part} or [ ])) lock.files) else [ ])
          ++ local
          ++ trees
          ++ (if entries == [ ] then [ ] else [ own ]);

      # The ways that there are on a machine that this seed is not for.
      elsewhere =
        let
          others = filter (
            other:
            let
              described = describe (./. + "/${other}.nix");
            in
            elem profile.debian (described.architectures or [ ]) && !(described.demonstration or false)
          ) names;
        in
        if others != [ ] then
          "; take ${builtins.concatStringsSep " or " others}"
        else
          "; `chx seed update host` makes a seed of its own compiler, and chx build --target ${profile.name} compiles for it elsewhere";

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
      # Where all this is said.
      source = toString file;
      impure = seed.impure or false;
      demonstration = seed.demonstration or false;
      # A system that another seed ended in proves nothing beside that one.
      descendant = seed ? made;
      inherit toolchain;
      userland = half "userland";
      rootfs = toolchain ++ userland;
    }
    // (if seed ? cxx then { cxx = cxx ++ prepared "cxx" "prepared-cxx" (toolchain ++ cxx); } else { })
    // builtins.intersectAttrs {
      compiles = true;
      resources = true;
    } seed;
in
listToAttrs (
  map (name: {
    inherit name;
    value = load name (./. + "/${name}.nix");
  }) names
)
// builtins.mapAttrs load more
