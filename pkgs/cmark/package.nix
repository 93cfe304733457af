# The reference implementation of CommonMark.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "cmark";
  version = "0.30.2";

  src = unpack {
    name = "cmark-source";
    src = fetchurl {
      url = "debian-source:cmark/cmark_0.30.2.orig.tar.gz";
      sha256 = "6c7d2bcaea1433d977d8fed0b55b71c9d045a7cdf616e3cd2dce9007da753db3";
    };
  };

  configurePhase = ''
    sed 's|@PROJECT_VERSION_MAJOR@|0|g; s|@PROJECT_VERSION_MINOR@|30|g; s|@PROJECT_VERSION_PATCH@|2|g; s|@PROJECT_VERSION@|0.30.2|g' \
      src/cmark_version.h.in > src/cmark_version.h
    printf '%s\n' '#define CMARK_EXPORT' '#define CMARK_NO_EXPORT' > src/cmark_export.h
    printf '%s\n' '#include <stdbool.h>' '#define CMARK_ATTRIBUTE(list) __attribute__(list)' '#define CMARK_INLINE inline' > src/config.h
  '';

  buildPhase = ''
    for source in src/*.c; do
      case $source in */main.c) continue ;; esac
      $CC $CFLAGS -Isrc -c "$source"
    done
    "$AR" rc libcmark.a *.o
    "$RANLIB" libcmark.a
    $CC $CFLAGS $LDFLAGS -Isrc -o cmark src/main.c libcmark.a
  '';

  doCheck = true;
  checkPhase = ''
    test "$(printf '# *42*\n' | ./cmark)" = '<h1><em>42</em></h1>'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig" "$out/usr/share/man/man1" "$out/usr/share/man/man3"
    cp cmark "$out/usr/bin/"
    cp src/cmark.h src/cmark_export.h src/cmark_version.h "$out/usr/include/"
    cp libcmark.a "$out/usr/lib/"
    cp man/man1/cmark.1 "$out/usr/share/man/man1/"
    cp man/man3/cmark.3 "$out/usr/share/man/man3/"
    sed 's|@CMAKE_INSTALL_PREFIX@|/usr|; s|@PROJECT_VERSION@|0.30.2|; s|@CMAKE_INSTALL_FULL_LIBDIR@|/usr/lib|; s|@CMAKE_INSTALL_FULL_INCLUDEDIR@|/usr/include|' \
      src/libcmark.pc.in > "$out/usr/lib/pkgconfig/libcmark.pc"
  '';

  meta = {
    description = "reader of Markdown as CommonMark defines it";
    homepage = "https://commonmark.org/";
    license = "BSD-2-Clause AND MIT AND CC-BY-SA-4.0";
  };
}
