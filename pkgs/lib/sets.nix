# The sets in which a package may be built, by the names that `chx pkgs list --json`
# gives them: what the seed's compiler makes, the bootstrapped ones, and what is made for
# another machine.
{
  profile,
  seed,
  set,
}:

let
  other = if profile.name == "aarch64" then "x86_64" else "aarch64";
in
{
  # Without what has only its short name there.
  ${seed} = builtins.removeAttrs set (builtins.attrNames set.ofSets);
  inherit (set) tiny chimera;
  cross = set.cross.${other};
}
