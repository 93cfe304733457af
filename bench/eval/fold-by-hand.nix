let
  fold = op: nul: list:
    let
      len = builtins.length list;
      go = n: if n == len then nul else op (builtins.elemAt list n) (go (n + 1));
    in
    go 0;
  list = builtins.genList (i: i) 1000;
in
builtins.foldl' (acc: _: acc + fold (x: y: x + y) 0 list) 0 (builtins.genList (i: i) 100)
