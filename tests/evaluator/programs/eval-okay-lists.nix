let l = [ 1 2 3 4 5 ]; in
[ (l ++ [ 6 ] ++ [ ]) (builtins.head l) (builtins.tail l) (builtins.length l) (builtins.elemAt l 2) (builtins.elem 3 l) (builtins.elem 9 l)
  (map (x: x * x) l) (builtins.filter (x: x > 2) l) (builtins.foldl' (a: b: a - b) 0 l) (builtins.concatLists [ l [ ] l ])
  (builtins.concatMap (x: [ x (-x) ]) l) (builtins.all (x: x > 0) l) (builtins.any (x: x > 4) l) (builtins.genList (x: x * 2) 4)
  (builtins.sort (a: b: a > b) l) (builtins.partition (x: x > 2) l) (builtins.groupBy (x: if x > 2 then "big" else "small") l) ]
