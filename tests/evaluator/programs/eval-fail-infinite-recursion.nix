let a = { x = b.y; }; b = { y = a.x + 1; }; in a.x
