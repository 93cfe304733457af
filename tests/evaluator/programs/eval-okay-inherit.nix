let
  a = 1;
  s = { b = 2; c = { d = 3; }; };
  t = rec { inherit a; inherit (s) b; inherit (s.c) d; e = a + b + d; };
in
{ inherit a t; inherit (s) c; inherit (t) e; inherit ({ "x y" = 7; }) "x y"; }
