let { x = "a"; y = x + "b"; body = y + inner; inner = let { body = "c"; }; }
