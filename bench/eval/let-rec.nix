let
  f = i:
    let a = i + 1; b = a + c; c = a * 2; s = rec { x = b; y = x + z; z = c; };
    in s.y;
in
builtins.foldl' (acc: i: acc + f i) 0 (builtins.genList (i: i) 50000)
