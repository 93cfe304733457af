# TLS and the cryptography of it, for small machines.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "mbedtls";
  version = "3.6.6";

  src = unpack {
    name = "mbedtls-source";
    src = fetchurl {
      url = "debian-source:mbedtls/mbedtls_3.6.6.orig.tar.bz2";
      sha256 = "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a";
    };
  };

  style = "make";

  # tcc takes neither the intrinsics nor the assembler of the AES instructions.
  postPatch = if toolchain.compiler == "tcc" then "sed -i 's|^#define MBEDTLS_AESNI_C|//&|' include/mbedtls/mbedtls_config.h" else "";

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" -C library CC="$CC" AR="$AR" CFLAGS="$CFLAGS" GEN_FILES= static
    $CC $CFLAGS $LDFLAGS -Iinclude -Ilibrary -o selftest programs/test/selftest.c library/libmbedtls.a library/libmbedx509.a library/libmbedcrypto.a
  '';

  doCheck = true;
  checkPhase = ''
    ./selftest
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp -R include/mbedtls include/psa "$out/usr/include/"
    cp library/*.a "$out/usr/lib/"
    for name in mbedcrypto mbedtls mbedx509; do
      sed "s|@CMAKE_INSTALL_PREFIX@|/usr|; s|@PKGCONFIG_LIBDIR@|/usr/lib|; s|@PKGCONFIG_INCLUDEDIR@|/usr/include|; s|@PROJECT_VERSION@|3.6.6|" \
        pkgconfig/$name.pc.in | sed "s|@PROJECT_NAME@|$name|; s|@.*DESCRIPTION@|TLS and its cryptography|; s|^URL:.*|URL: https://www.trustedfirmware.org/projects/mbed-tls/|" \
        > "$out/usr/lib/pkgconfig/$name.pc"
    done
  '';

  meta = {
    description = "TLS and its cryptography, for small machines";
    homepage = "https://www.trustedfirmware.org/projects/mbed-tls/";
    license = "Apache-2.0 OR GPL-2.0-or-later";
  };
}
