let
  x = "let";
  outer = { a = 1; b = 2; x = "outer"; };
  inner = { b = 3; c = 4; x = "inner"; };
in
with outer; [ a b x (with inner; [ a b c x ]) (let b = 5; in with inner; b) (with inner; let c = 6; in c + b) ]
