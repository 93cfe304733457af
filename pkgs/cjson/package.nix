# A small library for JSON.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "cjson";
  version = "1.7.18";

  src = unpack {
    name = "cjson-source";
    src = fetchurl {
      url = "debian-source:cjson/cjson_1.7.18.orig.tar.gz";
      sha256 = "3aa806844a03442c00769b83e99970be70fbef03735ff898f4811dd03b9f5ee5";
    };
  };

  buildPhase = ''
    $CC $CFLAGS -c cJSON.c
    $CC $CFLAGS -c cJSON_Utils.c
    "$AR" rc libcjson.a cJSON.o
    "$AR" rc libcjson_utils.a cJSON_Utils.o
    "$RANLIB" libcjson.a
    "$RANLIB" libcjson_utils.a
  '';

  configurePhase = "";

  doCheck = true;
  checkPhase = ''
    $CC $CFLAGS $LDFLAGS -o check test.c libcjson.a -lm
    ./check | grep '"Jack (\\"Bee\\") Nimble"'
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/cjson" "$out/usr/lib/pkgconfig"
    cp cJSON.h cJSON_Utils.h "$out/usr/include/cjson/"
    cp libcjson.a libcjson_utils.a "$out/usr/lib/"
    for name in libcjson libcjson_utils; do
      sed -e "s|@CMAKE_INSTALL_FULL_LIBDIR@|/usr/lib|; s|@CMAKE_INSTALL_FULL_INCLUDEDIR@|/usr/include|" \
        -e "s|@PROJECT_VERSION@|1.7.18|" library_config/$name.pc.in > "$out/usr/lib/pkgconfig/$name.pc"
    done
  '';

  meta = {
    description = "small reader and writer of JSON, as a library";
    homepage = "https://github.com/DaveGamble/cJSON";
    license = "MIT";
    origin = "independent";
  };
}
