let
  less = a: b: [ (a < b) (a <= b) (a > b) (a >= b) (a == b) (a != b) ];
in
[ (less 1 2) (less 2 1) (less 1 1) (less 1 1.5) (less 2.0 2) (less "a" "b") (less "a" "A") (less "" "a")
  (less [ 1 2 ] [ 1 3 ]) (less [ ] [ 1 ]) (less [ "a" ] [ "a" ]) (less /a /b) (less [ [ 1 ] 2 ] [ [ 1 ] 1 ]) ]
