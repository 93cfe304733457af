builtins.foldl' (acc: i: acc + builtins.stringLength "a${toString i}b${"c"}") 0 (builtins.genList (i: i) 50000)
