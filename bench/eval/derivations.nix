# Three thousand derivations, each depending on the two before it.
let
  count = 3000;
  make = i: previous: derivation {
    name = "package-${toString i}";
    version = "1.${toString i}";
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" "echo ${toString i} > $out" ];
    buildInputs = previous;
    nativeBuildInputs = map (p: "${p}/bin") previous;
    doCheck = true;
    patches = [ ];
    meta_description = "The package number ${toString i}";
  };
  all = builtins.foldl' (acc: i: [ (make i (take acc)) ] ++ acc) [ ] (builtins.genList (i: i) count);
  take = list: if builtins.length list < 2 then list else [ (builtins.elemAt list 0) (builtins.elemAt list 1) ];
in
builtins.foldl' (acc: d: acc + builtins.stringLength d.drvPath) 0 all
