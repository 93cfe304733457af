# The one tree that holds `trees`, as `rootfs` merges them.
{ name, trees }:

derivation {
  inherit name trees;
  builder = "builtin:merge";
  system = "builtin";
}
