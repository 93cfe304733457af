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
    elemAt
    filter
    foldl'
    genList
    head
    isFunction
    stringLength
    substring
    unsafeGetAttrPos
    ;

  minimum = a: b: if a < b then a else b;
  letters = text: genList (number: substring number 1 text) (stringLength text);

  # How many letters have to be put in, left out or changed (Levenshtein).
  distance =
    one: other:
    let
      columns = letters other;
      width = stringLength other;
      row =
        previous: letter:
        foldl' (
          before: column:
          let
            put = elemAt before column + 1;
            left = elemAt previous (column + 1) + 1;
            changed = elemAt previous column + (if elemAt columns column == letter then 0 else 1);
          in
          before ++ [ (minimum put (minimum left changed)) ]
        ) [ (head previous + 1) ] (genList (column: column) width);
    in
    elemAt (foldl' row (genList (column: column) (width + 1)) (letters one)) width;

  nearest =
    name:
    let
      near = foldl' (
        best: candidate:
        let
          far = distance name candidate;
        in
        if far < best.far then
          {
            inherit far candidate;
          }
        else
          best
      ) { far = 2 + stringLength name / 3; candidate = null; } (attrNames found);
    in
    near.candidate;

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
