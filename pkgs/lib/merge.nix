# The one tree that holds `trees`, as `rootfs` merges them; below the folder `under`
# if that is given.
{
  name,
  trees,
  under ? null,
}:

derivation (
  {
    inherit name trees;
    builder = "builtin:merge";
    system = "builtin";
  }
  // (if under == null then { } else { inherit under; })
)
