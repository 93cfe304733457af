[ (1 + 2 * 3 - 4 / 2) (-7 / 2) (7 / -2) (0 - 5 - 5) (2 - -3) (1.5 + 1) (3 * 0.5) (7 / 2.0) (-(1 + 1)) (1 - 1.0)
  (builtins.bitAnd 6 3) (builtins.bitOr 6 3) (builtins.bitXor 6 3) (9223372036854775807) (-9223372036854775807 - 1)
  (builtins.ceil 2.1) (builtins.floor (-2.1)) (builtins.add 1 2) (builtins.sub 1 2) (builtins.mul 3 4) (builtins.div 9 2) ]
