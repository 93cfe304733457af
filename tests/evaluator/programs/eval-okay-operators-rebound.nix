let
  __sub = a: b: "sub ${toString a} ${toString b}"; __mul = a: b: "mul"; __div = a: b: "div"; __lessThan = a: b: a == 1;
in
[ (3 - 2) (3 * 2) (3 / 2) (1 < 2) (2 < 1) (1 <= 2) (2 > 1) (1 >= 5) (-5) (3 + 2) ]
