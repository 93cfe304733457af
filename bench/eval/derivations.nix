# Three thousand derivations, each depending on two others.
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
  all = builtins.genList (i: make i (if i == 0 then [ ] else [ (builtins.elemAt all (i / 2)) (builtins.elemAt all (i / 3)) ])) count;
in
builtins.foldl' (acc: d: acc + builtins.stringLength d.drvPath) 0 all
