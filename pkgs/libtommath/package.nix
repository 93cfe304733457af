# Integers of any size, as a library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libtommath";
  version = "1.3.0";

  src = unpack {
    name = "libtommath-source";
    src = fetchurl {
      url = "debian-source:libtommath/libtommath_1.3.0.orig.tar.gz";
      sha256 = "6d099e93ff00fa9b18346f4bcd97dcc48c3e91286f7e16c4ac5515a7171c3149";
    };
  };

  style = "make";
  makeFlags = [
    "-f"
    "makefile.unix"
  ];

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <tommath.h>' 'int main(void) { mp_int a; mp_init(&a); mp_set(&a, 2); mp_expt_u32(&a, 100, &a);' \
      'mp_fwrite(&a, 10, stdout); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -I. -o check check.c libtommath.a
    test "$(./check)" = 1267650600228229401496703205376
  '';

  meta = {
    description = "integers of any size, as a library";
    homepage = "https://www.libtom.net/LibTomMath/";
    license = "Unlicense";
    origin = "independent";
  };
}
