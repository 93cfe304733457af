let average = l: builtins.foldl' (a: b: a + b) 0 l / builtins.length l; in average [ ]
