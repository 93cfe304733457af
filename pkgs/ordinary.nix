# The packages that any toolchain for C makes, each with its own build system: every
# folder here with a package, but those that have their own place in stages and sets.
callPackage:

let
  inherit (builtins)
    attrNames
    filter
    listToAttrs
    readDir
    ;

  entries = readDir ./.;

  placed = {
    bootstrap = true;
    bubblewrap = true;
    compiler-rt = true;
    dash = true;
    fortify-headers = true;
    lib = true;
    libcap = true;
    libcxx = true;
    libcxxabi = true;
    libunwind = true;
    linux-headers = true;
    llvm = true;
    musl = true;
    nix = true;
    remote-launcher = true;
    seeds = true;
    tinycc = true;
    toybox = true;
  };
in
listToAttrs (
  map (name: {
    inherit name;
    value = callPackage (./. + "/${name}/package.nix") { };
  }) (filter (name: entries.${name} == "directory" && !(placed ? ${name})) (attrNames entries))
)
