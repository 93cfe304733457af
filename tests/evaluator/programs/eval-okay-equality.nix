let f = x: x; d = { type = "derivation"; outPath = "o"; x = 1; }; in
[ ({ } == { }) ({ a = 1; b = { c = [ 2 ]; }; } == { b = { c = [ 2 ]; }; a = 1; }) ([ 1 2 ] == [ 1 ]) ({ a = 1; } == { a = 2; })
  (null == false) (0 == 0.0) ("1" == 1) (f == f) ([ f ] == [ f ]) ({ inherit f; } == { inherit f; })
  (d == d // { x = 2; }) (d == d // { outPath = "p"; }) ("a" == "a" + "") (/a == /a) ([ ] == { }) (true == true) ]
