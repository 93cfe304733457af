# Strings of Unicode, as a library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libunistring";
  version = "1.3";

  src = unpack {
    name = "libunistring-source";
    src = fetchurl {
      name = "libunistring_1.3.orig.tar.xz";
      urls = [
        "https://ftp.gnu.org/gnu/libunistring/libunistring-1.3.tar.xz"
        "debian-source:libunistring/libunistring_1.3.orig.tar.xz"
      ];
      sha256 = "f245786c831d25150f3dfb4317cda1acc5e3f79a5da4ad073ddca58886569527";
    };
  };

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <stdio.h>' '#include <uniname.h>' \
      'int main(void) { char name[UNINAME_MAX]; puts(unicode_character_name(0xe9, name)); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -include config.h -I. -Ilib -o check check.c lib/.libs/libunistring.a
    test "$(./check)" = 'LATIN SMALL LETTER E WITH ACUTE'
  '';

  meta = {
    description = "strings of Unicode, as a library";
    homepage = "https://www.gnu.org/software/libunistring/";
    license = "LGPL-3.0-or-later OR GPL-2.0-or-later";
    origin = "GNU";
  };
}
