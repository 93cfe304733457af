with { name = 1; }; nmae
