# Programs for the machine ARCH that use what the base libraries have: exceptions,
# threads, locales, streams and regular expressions; and one that goes too far.
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
  languages = [ "c++" ];
  configurePhase = "";
  buildPhase = ''
    cp ${./cross-programs.cpp} all.cpp
    $CXX $CXXFLAGS -std=c++17 $LDFLAGS -o all all.cpp
    cp ${./cross-fortify.c} fortify.c
    $CC $CFLAGS -D_GNU_SOURCE -Wall -Wno-unused-result $LDFLAGS -o fortify fortify.c
  '';
  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp all fortify "$out/usr/bin/"
  '';
}
