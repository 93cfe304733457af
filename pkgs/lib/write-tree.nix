# A tree made from data: { path, kind, content | target } for every entry.
{ name, entries }:

derivation {
  inherit name;
  entries = builtins.toJSON entries;
  builder = "builtin:tree";
  system = "builtin";
}
