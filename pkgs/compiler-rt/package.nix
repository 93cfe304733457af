# What the compiler calls where the machine has no instruction for something, and
# the objects that programs begin and end with. They lie among the compiler's own
# files, by the name of the machine.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  # Where the compiler in use looks.
  resources,
}:

let
  upstream = import ../llvm/source.nix { inherit fetchurl unpack; };
in
mkDerivation {
  pname = "compiler-rt";
  inherit (upstream) version;
  src = upstream.runtimes;

  inherit (profile) machine;
  inherit resources;
  family = profile.llvm;

  configurePhase = "cd compiler-rt/lib/builtins";
  buildPhase = ''
    . ${./build.sh}
  '';

  installPhase = ''
    mkdir -p "$out/$resources/lib/linux"
    cp libclang_rt.builtins.a "$out/$resources/lib/linux/libclang_rt.builtins-$machine.a"
    for part in begin end; do
      cp crt$part.o "$out/$resources/lib/linux/clang_rt.crt$part-$machine.o"
    done
  '';

  meta = {
    description = "functions that clang calls, and start objects of programs";
    homepage = "https://compiler-rt.llvm.org/";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
