# Programs for the machine ARCH that use what the base libraries have: exceptions,
# threads, locales, streams and regular expressions.
{
  arch,
  system ? builtins.currentSystem,
}:

let
  target = (import <chx> { inherit system; }).cross.${arch};
in
target.mkDerivation {
  pname = "cross-programs";
  version = "1";
  configurePhase = "";
  buildPhase = ''
    $CXX $CXXFLAGS -std=c++17 $LDFLAGS -o all ${./cross-programs.cpp}
  '';
  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp all "$out/usr/bin/"
  '';
}
