let
  names = builtins.genList (i: "n${toString i}") 100000;
  set = builtins.listToAttrs (map (name: { inherit name; value = builtins.stringLength name; }) names);
in
builtins.foldl' (acc: v: acc + v) 0 (builtins.attrValues (builtins.mapAttrs (_: v: v + 1) set))
