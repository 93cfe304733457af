# The tree inside an archive: tar, zip, Debian package, wheel or package of apk.
#
# `strip` is the number of leading path components to drop, or "auto" to drop a
# single top directory.
{
  src,
  name ? "source",
  strip ? "auto",
  ...
}@arguments:

derivation (
  arguments
  // {
    inherit name strip;
    builder = "builtin:unpack";
    system = "builtin";
  }
  // import ./place.nix arguments
)
