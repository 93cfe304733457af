# A library that reads XML as a stream.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "expat";
  version = "2.8.3";

  src = unpack {
    name = "expat-source";
    src = fetchurl {
      url = "debian-source:expat/expat_2.8.3.orig.tar.gz";
      sha256 = "533659a16e0184035a99fd8e783f1ad61a887a7bf8586a8681740b9d7ed42389";
    };
  };

  configurePhase = ''
    cd expat
    printf '%s\n' '#define XML_NS 1' '#define XML_DTD 1' '#define XML_GE 1' '#define XML_CONTEXT_BYTES 1024' \
      '#define HAVE_GETRANDOM 1' '#define HAVE_MMAP 1' '#define XML_DEV_URANDOM 1' > lib/expat_config.h
    if [ "$byteOrder" = big ]; then echo '#define BYTEORDER 4321'; else echo '#define BYTEORDER 1234'; fi >> lib/expat_config.h
  '';
  byteOrder = profile.endian;

  buildPhase = ''
    for source in lib/xmlparse.c lib/xmlrole.c lib/xmltok.c lib/random_dev_urandom.c lib/random_getrandom.c; do
      $CC $CFLAGS -D_GNU_SOURCE -DHAVE_EXPAT_CONFIG_H -c "$source"
    done
    "$AR" rc libexpat.a *.o
    "$RANLIB" libexpat.a
    $CC $CFLAGS $LDFLAGS -D_GNU_SOURCE -DHAVE_EXPAT_CONFIG_H -Ilib -o xmlwf/xmlwf.out xmlwf/xmlwf.c xmlwf/xmlfile.c xmlwf/codepage.c \
      xmlwf/unixfilemap.c libexpat.a
  '';

  doCheck = true;
  checkPhase = ''
    echo '<a><b c="42"/></a>' > good.xml
    echo '<a><b></a>' > bad.xml
    ./xmlwf/xmlwf.out good.xml
    ./xmlwf/xmlwf.out bad.xml | grep 'mismatched tag'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp xmlwf/xmlwf.out "$out/usr/bin/xmlwf"
    cp lib/expat.h lib/expat_external.h lib/expat_config.h "$out/usr/include/"
    cp libexpat.a "$out/usr/lib/"
    sed 's|@prefix@|/usr|; s|@exec_prefix@|/usr|; s|@libdir@|/usr/lib|; s|@includedir@|/usr/include|; s|@PACKAGE_VERSION@|2.8.3|; s|@[^@]*@||g' \
      expat.pc.in > "$out/usr/lib/pkgconfig/expat.pc"
  '';

  meta = {
    description = "reader of XML as a stream, as a library";
    homepage = "https://libexpat.github.io/";
    license = "MIT";
  };
}
