# Profiles of architectures, by name: docs/arch.md.
#
# Every NAME.nix beside this file describes one as data; `schema` says what may stand
# there and is held against a profile when the first thing of it is asked for. No
# profile reads another.
let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    map
    readDir
    stringLength
    substring
    ;

  checked = import ./schema;

  files = readDir ./.;

  stem = file: substring 0 (if stringLength file > 4 then stringLength file - 4 else 0) file;

  isProfile = file: files.${file} != "directory" && file == stem file + ".nix" && file != "default.nix";
in
listToAttrs (
  map (file: rec {
    name = stem file;
    value = checked name (./. + "/${file}");
  }) (filter isProfile (attrNames files))
)
