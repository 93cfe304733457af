import /this/does/not/exist.nix
