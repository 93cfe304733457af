# Names that only `with` brings into scope.
let
  set = { add = a: b: a + b; one = 1; two = 2; list = [ 1 2 3 ]; };
  more = { three = 3; };
in
with set; with more;
builtins.foldl' (acc: i: add acc (add one (add two three)) + builtins.length list) 0 (builtins.genList (i: i) 30000)
