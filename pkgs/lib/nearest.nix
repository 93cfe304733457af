# The one of `names` that `name` may be a misspelling of; null if none is near.
names: name:

let
  inherit (builtins)
    elemAt
    foldl'
    genList
    head
    stringLength
    substring
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
  ) { far = 2 + stringLength name / 3; candidate = null; } names;
in
near.candidate
