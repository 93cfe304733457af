# A reader of INI files.
{
  mkDerivation,
  fetchurl,
  unpack,
  muon,
}:

mkDerivation {
  pname = "inih";
  version = "59";

  src = unpack {
    name = "inih-source";
    src = fetchurl {
      url = "debian-source:libinih/libinih_59.orig.tar.gz";
      sha256 = "062279922805f5e9a369551a08d5ddb506140fe50774183ffdbb7c22bb97e3f4";
    };
  };

  style = "meson";
  tools = [ muon ];
  configureFlags = [
    "-Dwith_INIReader=false"
    "-Ddistro_install=true"
  ];

  doCheck = true;
  checkPhase = ''
    printf '[a]\nb = 42\n' > x.ini
    cat > x.c << END
    #include "ini.h"
    #include <string.h>
    static int line(void *to, const char *section, const char *name, const char *value)
    { return !strcpy(to, value) || 1; }
    int main(void) { char said[9] = ""; return ini_parse("x.ini", line, said) || strcmp(said, "42"); }
    END
    $CC $CFLAGS $LDFLAGS -I. -o x x.c build/libinih.a
    ./x
  '';

  meta = {
    description = "reader of INI files, as a static library";
    homepage = "https://github.com/benhoyt/inih";
    license = "BSD-3-Clause";
  };
}
