builtins.genericClosure { startSet = [ { } ]; operator = _: [ ]; }
