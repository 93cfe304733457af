[ (builtins.toJSON { b = [ 1 2.5 null true "q\"\n\\" ]; a = { "k k" = { }; }; e = [ ]; })
  (builtins.fromJSON ''{ "a": [1, -2, 3.5, "x\u00e9\n", null, false], "b": { "c": {} } }'')
  (builtins.fromJSON (builtins.toJSON { x = [ { y = 1.5; } ]; })) (builtins.toJSON 1.0) (builtins.toJSON { outPath = "p"; z = 1; }) ]
