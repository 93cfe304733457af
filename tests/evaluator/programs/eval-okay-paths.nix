[ (/a + "/b") (/a/b + "/../c") (/. + "/x") (toString /a/./b/../c) (/a == /a/.) (baseNameOf /a/b) (dirOf /a/b) (builtins.typeOf /a) (/a/${"b"}/c)
  ("/a" + "/b") (/a + "b") (builtins.isPath (dirOf /a/b)) ]
