let
  lines = builtins.genList (i: "key${toString i} = value ${toString (i * 7)};") 5000;
  text = builtins.concatStringsSep "\n" lines;
  parse = line: let m = builtins.match "([a-z]+)([0-9]+) = value ([0-9]+);" line; in builtins.stringLength (builtins.elemAt m 2);
in
builtins.foldl' (a: l: a + (if builtins.isString l && l != "" then parse l else 0)) 0 (builtins.split "\n" text)
+ builtins.stringLength (builtins.replaceStrings [ "key" "value" ] [ "k" "v" ] text)
