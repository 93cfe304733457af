# A fixed point of many small modules that read each other's options, as a module system makes them.
let
  inherit (builtins) attrNames concatMap elemAt foldl' genList listToAttrs mapAttrs;
  count = 600;
  module = i: { config, ... }: {
    options = { "o${toString i}" = { default = 1; type = "int"; }; };
    config = {
      "o${toString i}" = if i == 0 then 1 else (if i - i / 2 * 2 == 0 then config."o${toString (i - 1)}" + 1 else config."o${toString (i / 2)}");
      packages = [ "p${toString i}" ];
    };
  };
  modules = genList module count;
  evalModules = modules:
    let
      applied = map (m: m { inherit config; }) modules;
      options = foldl' (acc: m: acc // m.options) { packages = { default = [ ]; type = "list"; }; } applied;
      definitions = name: concatMap (m: if m.config ? ${name} then [ m.config.${name} ] else [ ]) (
        if name == "packages" then applied else [ (elemAt applied (index.${name})) ]);
      index = listToAttrs (genList (i: { name = "o${toString i}"; value = i; }) count);
      merge = name: option:
        let defs = definitions name;
        in if option.type == "list" then foldl' (a: b: a ++ b) option.default defs
        else foldl' (_: d: d) option.default defs;
      config = mapAttrs merge options;
    in
    config;
  config = evalModules modules;
in
foldl' (acc: name: acc + (if name == "packages" then builtins.length config.packages else config.${name})) 0 (attrNames config)
