let loop = n: [ (loop (n + 1)) ] ++ loop (n + 1); in loop 0
