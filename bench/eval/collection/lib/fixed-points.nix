rec {
  id = x: x;
  fix = f: let x = f x; in x;
  converge = f: x: let next = f x; in if next == x then x else converge f next;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  composeExtensions = f: g: final: prev:
    let
      first = f final prev;
      second = g final (prev // first);
    in
    first // second;
  composeManyExtensions = overlays: builtins.foldl' (f: g: composeExtensions f g) (final: prev: { }) overlays;
  makeExtensible = rattrs: fix (self: rattrs self // {
    extend = overlay: makeExtensible (extends overlay rattrs);
  });
}
