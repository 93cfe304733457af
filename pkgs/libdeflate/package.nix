# A library for gzip's compression of buffers, and its gzip.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libdeflate";
  version = "1.23";

  src = unpack {
    name = "libdeflate-source";
    src = fetchurl {
      url = "debian-source:libdeflate/libdeflate_1.23.orig.tar.gz";
      sha256 = "1ab18349b9fb0ce8a0ca4116bded725be7dcbfa709e19f6f983d99df1fb8b25f";
    };
  };

  configurePhase = ''
    printf '%s\n' '#define HAVE_CLOCK_GETTIME' '#define HAVE_FUTIMENS' '#define HAVE_POSIX_FADVISE' \
      '#define HAVE_POSIX_MADVISE' '#define HAVE_STAT_NANOSECOND_PRECISION' > programs/config.h
  '';

  buildPhase = ''
    for source in lib/*.c lib/arm/*.c lib/riscv/*.c lib/x86/*.c; do
      [ -f "$source" ] || continue
      name=$(echo "$source" | tr / -)
      $CC $CFLAGS -I. -c "$source" -o "''${name%.c}.o"
    done
    "$AR" rc libdeflate.a lib-*.o
    "$RANLIB" libdeflate.a
    $CC $CFLAGS $LDFLAGS -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -Iprograms -o libdeflate-gzip programs/gzip.c programs/prog_util.c \
      programs/tgetopt.c libdeflate.a
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./libdeflate-gzip | gzip -dc)" = 42
    test "$(echo 42 | gzip | ./libdeflate-gzip -dc)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp libdeflate-gzip "$out/usr/bin/"
    ln -s libdeflate-gzip "$out/usr/bin/libdeflate-gunzip"
    cp libdeflate.h "$out/usr/include/"
    cp libdeflate.a "$out/usr/lib/"
    sed 's|@CMAKE_INSTALL_PREFIX@|/usr|; s|@CMAKE_PKGCONFIG_\(LIB\)DIR@|/usr/lib|; s|@CMAKE_PKGCONFIG_INCLUDEDIR@|/usr/include|; s|@PROJECT_VERSION@|1.23|' \
      libdeflate.pc.in > "$out/usr/lib/pkgconfig/libdeflate.pc"
  '';

  meta = {
    description = "gzip's compression of whole buffers, as a library";
    homepage = "https://github.com/ebiggers/libdeflate";
    license = "MIT";
    origin = "independent";
  };
}
