# zstd, program and static library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "zstd";
  version = "1.5.4";

  src = unpack {
    name = "zstd-source";
    src = fetchurl {
      url = "debian-source:libzstd/libzstd_1.5.4+dfsg2.orig.tar.xz";
      sha256 = "8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953";
    };
  };

  # toybox's grep takes --color=never for --color, and tcc writes no dependencies as
  # they are asked for; nothing is compiled twice here.
  postPatch = ''
    sed -i -e 's/ --color=never//' -e 's/[$](DEPFLAGS) [^ ]*[.]d //' lib/Makefile lib/libzstd.mk programs/Makefile
  '';

  configurePhase = "";

  buildPhase = ''
    set -- CC="$CC" AR="$AR" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS"
    make -C lib -j"$NIX_BUILD_CORES" "$@" libzstd.a
    make -C programs -j"$NIX_BUILD_CORES" "$@" HAVE_THREAD=0 HAVE_ZLIB=0 HAVE_LZMA=0 HAVE_LZ4=0 zstd
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | programs/zstd -c | programs/zstd -dc)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib"
    cp programs/zstd "$out/usr/bin/"
    for name in unzstd zstdcat; do ln -s zstd "$out/usr/bin/$name"; done
    cp lib/zstd.h lib/zdict.h lib/zstd_errors.h "$out/usr/include/"
    cp lib/libzstd.a "$out/usr/lib/"
  '';

  meta = {
    description = "fast compressor, and its library";
    homepage = "https://facebook.github.io/zstd/";
    license = "BSD-3-Clause OR GPL-2.0-only";
    origin = "independent";
  };
}
