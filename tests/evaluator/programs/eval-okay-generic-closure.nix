map (x: x.key) (builtins.genericClosure {
  startSet = [ { key = 1; } { key = 2; } ];
  operator = { key }: map (k: { key = k; }) (builtins.filter (k: k < 40) [ (key * 2) (key * 3) ]);
})
