# Hash tables, lists and strings for C, as headers.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "uthash";
  version = "2.3.0";
  # There is nothing but headers.
  apk.subpackages.devel = null;

  src = unpack {
    name = "uthash-source";
    src = fetchurl {
      url = "debian-source:uthash/uthash_2.3.0.orig.tar.gz";
      sha256 = "e10382ab75518bad8319eb922ad04f907cb20cccb451a3aa980c9d005e661acc";
    };
  };

  configurePhase = "";
  buildPhase = "";

  doCheck = true;
  checkPhase = ''
    $CC $CFLAGS $LDFLAGS -Isrc -o check tests/test1.c
    ./check > found
    cmp found tests/test1.ans
  '';

  installPhase = ''
    mkdir -p "$out/usr/include"
    cp src/*.h "$out/usr/include/"
  '';

  meta = {
    description = "hash tables, lists and strings for C, as headers";
    homepage = "https://troydhanson.github.io/uthash/";
    license = "BSD-1-Clause";
    origin = "independent";
  };
}
