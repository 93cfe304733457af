builtins.toXML { a = [ 1 2.5 "<&>\"'" null true ]; f = { x, y ? 1, ... }@z: x; g = a: a; p = /p; }
