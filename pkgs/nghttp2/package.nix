# The frames of HTTP/2, as a library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "nghttp2";
  version = "1.64.0";

  src = unpack {
    name = "nghttp2-source";
    src = fetchurl {
      url = "debian-source:nghttp2/nghttp2_1.64.0.orig.tar.gz";
      sha256 = "b452dc69a1fcbc9375389b8b154175d8b7b125cdd713fc426774c2b79a1ebd77";
    };
  };

  configurePhase = ''
    sed 's|@PACKAGE_VERSION@|1.64.0|; s|@PACKAGE_VERSION_NUM@|0x014000|' lib/includes/nghttp2/nghttp2ver.h.in > lib/includes/nghttp2/nghttp2ver.h
  '';

  buildPhase = ''
    for source in lib/*.c; do
      $CC $CFLAGS -Ilib/includes -DNGHTTP2_STATICLIB -DHAVE_ARPA_INET_H -DHAVE_NETINET_IN_H -DHAVE_CLOCK_GETTIME -DHAVE_DECL_CLOCK_MONOTONIC \
        -c "$source"
    done
    "$AR" rc libnghttp2.a *.o
    "$RANLIB" libnghttp2.a
  '';

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <stdio.h>' '#include <nghttp2/nghttp2.h>' \
      'int main(void) { nghttp2_hd_inflater *i; nghttp2_nv nv; int f = 0; const uint8_t in[] = { 0x82 };' \
      'nghttp2_hd_inflate_new(&i); nghttp2_hd_inflate_hd2(i, &nv, &f, in, 1, 1); printf("%s %s\n", nv.name, nv.value); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -Ilib/includes -o check check.c libnghttp2.a
    test "$(./check)" = ":method GET"
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/nghttp2" "$out/usr/lib/pkgconfig"
    cp lib/includes/nghttp2/*.h "$out/usr/include/nghttp2/"
    cp libnghttp2.a "$out/usr/lib/"
    sed 's|@prefix@|/usr|; s|@exec_prefix@|/usr|; s|@libdir@|/usr/lib|; s|@includedir@|/usr/include|; s|@VERSION@|1.64.0|' \
      lib/libnghttp2.pc.in > "$out/usr/lib/pkgconfig/libnghttp2.pc"
  '';

  meta = {
    description = "frames and headers of HTTP/2, as a library";
    homepage = "https://nghttp2.org/";
    license = "MIT";
    origin = "independent";
  };
}
