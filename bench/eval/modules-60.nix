builtins.concatStringsSep " " (map toString ((import ./module-system.nix).run 60))
