# A compressor that takes its time for files that gzip reads.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "zopfli";
  version = "1.0.3";

  src = unpack {
    name = "zopfli-source";
    src = fetchurl {
      url = "debian-source:zopfli/zopfli_1.0.3.orig.tar.gz";
      sha256 = "e955a7739f71af37ef3349c4fa141c648e8775bceb2195be07e86f8e638814bd";
    };
  };

  configurePhase = "";

  buildPhase = ''
    for source in src/zopfli/*.c; do
      $CC $CFLAGS -c "$source"
    done
    "$AR" rc libzopfli.a blocksplitter.o cache.o deflate.o gzip_container.o hash.o katajainen.o lz77.o squeeze.o tree.o util.o \
      zlib_container.o zopfli_lib.o
    "$RANLIB" libzopfli.a
    $CC $CFLAGS $LDFLAGS -o zopfli zopfli_bin.o libzopfli.a -lm
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    ./zopfli answer
    test "$(gzip -dc answer.gz)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include/zopfli" "$out/usr/lib"
    cp zopfli "$out/usr/bin/"
    cp src/zopfli/*.h "$out/usr/include/zopfli/"
    cp libzopfli.a "$out/usr/lib/"
  '';

  meta = {
    description = "compressor that takes its time for files that gzip reads";
    homepage = "https://github.com/google/zopfli";
    license = "Apache-2.0";
    origin = "independent";
  };
}
