[ (rec { __overrides = { a = 2; c = 3; }; a = 1; b = a; }) ({ __overrides = { a = 2; }; a = 1; }) ]
