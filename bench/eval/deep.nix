let
  count = n: if n == 0 then 0 else 1 + count (n - 1);
in
builtins.foldl' (acc: _: acc + count 9000) 0 (builtins.genList (i: i) 10)
