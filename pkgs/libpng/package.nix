# The library for PNG images.
{
  mkDerivation,
  fetchurl,
  unpack,
  zlib,
}:

mkDerivation {
  pname = "libpng";
  version = "1.6.48";

  src = unpack {
    name = "libpng-source";
    src = fetchurl {
      url = "debian-source:libpng1.6/libpng1.6_1.6.48.orig.tar.gz";
      sha256 = "b17e99026055727e8cba99160c3a9a7f9af788e9f786daeadded5a42243f1dd0";
    };
  };

  libraries = [ zlib ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    make pngtest
    ./pngtest pngtest.png
  '';

  # libpng-config
  runtime = [ "/bin/sh" ];

  meta = {
    description = "library that reads and writes PNG images";
    homepage = "http://www.libpng.org/pub/png/libpng.html";
    license = "libpng-2.0";
  };
}
