builtins.fromJSON 5
