# One file, known by its hash. `urls` are tried in order; `name` is that of the first.
# A package names upstream's release first, if it is the same file as the archive's.
#
# Beside https: and file: the schemes debian:, debian-source: and pypi: fetch
# through the user's own configured clients. No more than `size` bytes are taken
# from any place, if it is given. `hash = ""` (or `sha256 = ""`) fails and tells the
# right one.
let
  fake = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
in
{
  url ? null,
  urls ? if url != null then [ url ] else throw "fetchurl needs `url` or `urls`",
  sha256 ? null,
  hash ?
    if sha256 == "" || sha256 != null && builtins.substring 0 7 sha256 == "sha256-" then
      sha256
    else if sha256 != null then
      "sha256:${sha256}"
    else
      throw "fetchurl needs `hash` or `sha256`",
  name ? builtins.replaceStrings [ "~" "%" ] [ "-" "-" ] (baseNameOf (builtins.head urls)),
  executable ? false,
  size ? null,
}@arguments:

derivation (
  {
    inherit name urls executable;
    builder = "builtin:fetch";
    system = "builtin";
    outputHash = if hash == "" then fake else hash;
    outputHashMode = if executable then "recursive" else "flat";
  }
  // (if size == null then { } else { inherit size; })
  // import ./place.nix arguments
)
