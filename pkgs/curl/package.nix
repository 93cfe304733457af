# curl and its library.
{
  mkDerivation,
  fetchurl,
  unpack,
  brotli,
  mbedtls,
  nghttp2,
  zlib,
  zstd,
}:

mkDerivation {
  pname = "curl";
  version = "8.14.1";

  src = unpack {
    name = "curl-source";
    src = fetchurl {
      name = "curl_8.14.1.orig.tar.gz";
      urls = [
        "https://curl.se/download/curl-8.14.1.tar.gz"
        "debian-source:curl/curl_8.14.1.orig.tar.gz"
      ];
      sha256 = "6766ada7101d292b42b8b15681120acd68effa4a9660935853cf6d61f0d984d4";
    };
  };

  libraries = [
    brotli
    mbedtls
    nghttp2
    zlib
    zstd
  ];

  style = "autoconf";
  configureFlags = [
    "--with-mbedtls"
    "--with-nghttp2"
    "--with-zlib"
    "--with-brotli"
    "--with-zstd"
    "--without-libpsl"
    "--without-libidn2"
    "--without-libssh2"
    "--disable-ldap"
    "--disable-docs"
    "--disable-libcurl-option"
    # Not every linker looks into an archive twice.
    "LIBS=-lbrotlidec -lbrotlicommon"
    "--with-ca-bundle=/etc/ssl/certs/ca-certificates.crt"
  ];

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    test "$(./src/curl -s "file://$PWD/answer")" = 42
    ./src/curl --version | grep -q brotli
  '';

  # Whoever links with it statically needs zstd, which has no .pc file; `Libs` names it.
  postInstall = ''
    sed -i '/^Requires/s/,libzstd//' "$out/usr/lib/pkgconfig/libcurl.pc"
  '';

  # curl-config
  runtime = [ "/bin/sh" ];

  meta = {
    description = "transfers by URL, as a program and a library";
    homepage = "https://curl.se/";
    license = "curl";
  };
}
