# Evaluates the configuration that the modules in `modules/` make.
let
  inherit (import ./module-system.nix) evalModules;
  system = evalModules { modules = map import (import ./modules); };
  inherit (system) config;
  text = builtins.toJSON { inherit (config) environment services networking; };
in
"${toString (builtins.stringLength text)} ${builtins.hashString "sha256" text}"
