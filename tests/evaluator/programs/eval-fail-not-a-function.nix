let f = { g = 1; }; in f.g 2
