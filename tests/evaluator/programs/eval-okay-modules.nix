# Options merged from modules that read the merged configuration.
let
  inherit (builtins) attrNames concatMap foldl' listToAttrs mapAttrs;
  evaluate = modules:
    let
      results = map (m: if builtins.isFunction m then m { inherit config; } else m) modules;
      names = attrNames (foldl' (a: b: a // b.config) { } results);
      values = name: concatMap (m: if m.config ? ${name} then [ m.config.${name} ] else [ ]) results;
      merge = vs: if builtins.isList (builtins.head vs) then builtins.concatLists vs else builtins.elemAt vs (builtins.length vs - 1);
      config = listToAttrs (map (name: { inherit name; value = merge (values name); }) names);
    in
    config;
in
evaluate [
  { config = { port = 80; hosts = [ "a" ]; }; }
  ({ config, ... }: { config = { url = "http://${builtins.head config.hosts}:${toString config.port}"; }; })
  ({ config }: { config = { port = 8080; hosts = [ "b" "${toString config.enable}" ]; enable = true; }; })
]
