let a = 1; f = x: undefinedName; in a
