let
  list = builtins.genList (i: let x = i * 7919; in x - (x / 50021) * 50021) 50000;
in
builtins.elemAt (builtins.sort (a: b: a < b) list) 100
