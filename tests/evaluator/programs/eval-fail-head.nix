builtins.head (builtins.filter (x: x > 5) [ 1 2 3 ])
