let
  f = { a, b ? a * 2, c ? b + d, d ? 1, ... }@args: { inherit a b c d; rest = builtins.attrNames args; };
  g = all@{ x ? all.y or 5, ... }: x;
in
[ (f { a = 1; }) (f { a = 1; d = 10; zzz = 0; }) (f { a = 1; b = 0; c = 0; }) (g { }) (g { y = 6; }) (g { x = 7; })
  (builtins.functionArgs f) (({ a ? 1, b ? a }: b) { }) (({ }: "empty") { }) (({ ... }: "any") { a = 1; }) ]
