# bzip2, program and static library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "bzip2";
  version = "1.0.8";

  src = unpack {
    name = "bzip2-source";
    src = fetchurl {
      name = "bzip2_1.0.8.orig.tar.gz";
      urls = [
        "https://sourceware.org/pub/bzip2/bzip2-1.0.8.tar.gz"
        "debian-source:bzip2/bzip2_1.0.8.orig.tar.gz"
      ];
      sha256 = "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269";
    };
  };

  configurePhase = "";

  buildPhase = ''
    make CC="$CC" AR="$AR" RANLIB="$RANLIB" CFLAGS="$CFLAGS -D_FILE_OFFSET_BITS=64" LDFLAGS="$LDFLAGS" libbz2.a bzip2 bzip2recover
  '';

  doCheck = true;
  checkPhase = ''
    for level in 1 2 3; do ./bzip2 -$level < sample$level.ref | cmp - sample$level.bz2; done
    test "$(echo 42 | ./bzip2 | ./bzip2 -d)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib"
    cp bzip2 bzip2recover "$out/usr/bin/"
    cp bzlib.h "$out/usr/include/"
    cp libbz2.a "$out/usr/lib/"
  '';

  meta = {
    description = "compressor by block sorting, and its library";
    homepage = "https://sourceware.org/bzip2/";
    license = "bzip2-1.0.6";
    origin = "independent";
  };
}
