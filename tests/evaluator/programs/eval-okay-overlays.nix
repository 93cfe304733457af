# Package sets as fixed points of overlays.
let
  fix = f: let x = f x; in x;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  base = final: { a = 1; b = final.a + 1; c = "${toString final.b}!"; };
  overlays = [
    (final: prev: { a = prev.a * 10; })
    (final: prev: { d = final.c + final.c; b = prev.b + 100; })
    (final: prev: { a = prev.a + 1; })
  ];
  composed = builtins.foldl' (f: o: extends o f) base overlays;
in
fix composed
