[ (builtins.stringLength "äöü") (builtins.substring 1 3 "hello") (builtins.substring 3 (-1) "hello") (builtins.concatStringsSep "-" [ "a" "b" ])
  (builtins.replaceStrings [ "a" "bb" ] [ "1" "2" ] "abba") (toString [ 1 [ 2 "x" ] null true { outPath = "o"; } ]) (baseNameOf "/a/b.c") (dirOf "/a/b.c")
  (builtins.typeOf "x") (toString (-5)) (toString 1.25) (toString /a/b) ("${{ __toString = s: s.x; x = "y"; }}") ]
