# A library that reads INI files.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "iniparser";
  version = "4.2.6";

  src = unpack {
    name = "iniparser-source";
    src = fetchurl {
      url = "debian-source:iniparser/iniparser_4.2.6.orig.tar.xz";
      sha256 = "50be6754755ffe15cd5de4a26425b6ea571266efc7619e5986122e5349b3b0a9";
    };
  };

  configurePhase = "";

  buildPhase = ''
    $CC $CFLAGS -c src/dictionary.c
    $CC $CFLAGS -Isrc -c src/iniparser.c
    "$AR" rc libiniparser.a dictionary.o iniparser.o
    "$RANLIB" libiniparser.a
  '';

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '[one]' 'two = 42 ; comment' > check.ini
    printf '%s\n' '#include <stdio.h>' '#include "iniparser.h"' \
      'int main(void) { printf("%d\n", iniparser_getint(iniparser_load("check.ini"), "one:two", 0)); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -Isrc -o check check.c libiniparser.a
    test "$(./check)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/iniparser" "$out/usr/lib/pkgconfig"
    cp src/*.h "$out/usr/include/iniparser/"
    cp libiniparser.a "$out/usr/lib/"
    printf '%s\n' 'Name: iniparser' 'Description: reader of INI files' 'Version: 4.2.6' 'Libs: -liniparser' \
      'Cflags: -I/usr/include/iniparser' > "$out/usr/lib/pkgconfig/iniparser.pc"
  '';

  meta = {
    description = "library that reads INI files";
    homepage = "https://gitlab.com/iniparser/iniparser";
    license = "MIT";
    origin = "independent";
  };
}
