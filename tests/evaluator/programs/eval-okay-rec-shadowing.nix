let x = 1; y = 2; in rec { x = 10; z = x + y; inner = rec { y = 20; z = x + y; deeper = let x = 100; in x + y + z; }; }
