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
    cp ${./cross-programs.cpp} all.cpp
    $CXX $CXXFLAGS -std=c++17 $LDFLAGS -o all all.cpp
  '';
  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp all "$out/usr/bin/"
  '';
}
