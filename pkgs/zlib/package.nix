# zlib, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "zlib";
  version = "1.2.13";

  src = unpack {
    name = "zlib-source";
    src = fetchurl {
      url = "debian-source:zlib/zlib_1.2.13.dfsg.orig.tar.bz2";
      sha256 = "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1";
    };
  };

  configureFlags = [ "--static" ];

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" libz.a example minigzip
  '';

  doCheck = true;
  checkPhase = ''
    ./example
    test "$(echo 42 | ./minigzip | ./minigzip -d)" = 42
  '';

  # The archive lacks the manual page that `make install` would copy.
  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp zlib.h zconf.h "$out/usr/include/"
    cp libz.a "$out/usr/lib/"
    cp zlib.pc "$out/usr/lib/pkgconfig/"
  '';

  meta = {
    description = "library for the compression of gzip and PNG";
    homepage = "https://zlib.net/";
    license = "Zlib";
    origin = "independent";
  };
}
