let
  sort = list:
    if builtins.length list < 2 then list else
    let
      pivot = builtins.head list;
      parts = builtins.partition (x: x < pivot) (builtins.tail list);
    in
    sort parts.right ++ [ pivot ] ++ sort parts.wrong;
in
sort [ 3 1 4 1 5 9 2 6 5 3 5 8 9 7 9 ]
