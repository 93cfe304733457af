# The compressor brotli and its libraries.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "brotli";
  version = "1.1.0";

  src = unpack {
    name = "brotli-source";
    src = fetchurl {
      url = "debian-source:brotli/brotli_1.1.0.orig.tar.gz";
      sha256 = "10973f4b4199eafa1d5735ef661ddb2ec2f97319ee9fd1824d4aabe08cff5265";
    };
  };

  configurePhase = "";

  buildPhase = ''
    for part in common dec enc; do
      for source in c/$part/*.c; do
        $CC $CFLAGS -Ic/include -DOS_LINUX -c "$source" -o "''${source%.c}.o"
      done
      "$AR" rc libbrotli$part.a c/$part/*.o
      "$RANLIB" libbrotli$part.a
    done
    $CC $CFLAGS $LDFLAGS -Ic/include -DOS_LINUX -o brotli c/tools/brotli.c -L. -lbrotlienc -lbrotlidec -lbrotlicommon -lm
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./brotli | ./brotli -d)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig" "$out/usr/share/man/man1"
    cp brotli "$out/usr/bin/"
    cp -R c/include/brotli "$out/usr/include/"
    cp libbrotli*.a "$out/usr/lib/"
    cp docs/brotli.1 "$out/usr/share/man/man1/"
    for part in common dec enc; do
      sed -e 's|@prefix@|/usr|; s|@exec_prefix@|/usr|; s|@libdir@|/usr/lib|; s|@includedir@|/usr/include|' \
        -e 's|@PACKAGE_VERSION@|1.1.0|; s|-R''${libdir}||' scripts/libbrotli$part.pc.in > "$out/usr/lib/pkgconfig/libbrotli$part.pc"
    done
  '';

  meta = {
    description = "compressor of what the web is made of, and its libraries";
    homepage = "https://github.com/google/brotli";
    license = "MIT";
    origin = "independent";
  };
}
