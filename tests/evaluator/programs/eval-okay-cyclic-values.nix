let
  a = { name = "a"; next = b; list = [ a.name b.name ]; };
  b = { name = "b"; next = a; list = [ b.name ]; };
in
[ a.next.next.next.name a.next.list b.next.list (builtins.length (builtins.attrNames a.next.next)) ]
