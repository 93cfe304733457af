builtins.concatStringsSep " " (map toString (import ./module-system.nix 600))
