# What to say of a package that asks for what nobody has: which, where, and what may
# have been meant.
{
  package,
  found,
  missing,
}:

let
  inherit (builtins)
    attrNames
    filter
    head
    isFunction
    unsafeGetAttrPos
    ;

  nearest = import ./nearest.nix (attrNames found);

  asks =
    name:
    let
      guess = nearest name;
    in
    "'${name}'${if guess == null then "" else "; did you mean '${guess}'?"}";

  where =
    if isFunction package then
      let
        position = unsafeGetAttrPos (head missing) (builtins.functionArgs package);
      in
      if position == null then "a package" else "the package at ${position.file}:${toString position.line}"
    else
      "the package in ${toString package}";
in
"${where} asks for what is not in the set: ${builtins.concatStringsSep ", " (map asks missing)}"
