let
  step = acc: i: acc // { x = i; y = acc.x; };
in
(builtins.foldl' step { x = 0; y = 0; } (builtins.genList (i: i) 50000)).y
