# A parser of Markdown, as a library, and md2html.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "md4c";
  version = "0.5.2";

  src = unpack {
    name = "md4c-source";
    src = fetchurl {
      url = "debian-source:md4c/md4c_0.5.2.orig.tar.gz";
      sha256 = "55d0111d48fb11883aaee91465e642b8b640775a4d6993c2d0e7a8092758ef21";
    };
  };

  configurePhase = "";

  buildPhase = ''
    define="-DMD_VERSION_MAJOR=0 -DMD_VERSION_MINOR=5 -DMD_VERSION_RELEASE=2"
    for source in src/*.c; do
      $CC $CFLAGS $define -c "$source"
    done
    "$AR" rc libmd4c.a md4c.o
    "$AR" rc libmd4c-html.a md4c-html.o entity.o
    "$RANLIB" libmd4c.a
    "$RANLIB" libmd4c-html.a
    $CC $CFLAGS $LDFLAGS $define -Isrc -o md2html/md2html.out md2html/*.c -L. -lmd4c-html -lmd4c
  '';

  doCheck = true;
  checkPhase = ''
    test "$(printf '# *42*\n' | ./md2html/md2html.out)" = '<h1><em>42</em></h1>'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig" "$out/usr/share/man/man1"
    cp md2html/md2html.out "$out/usr/bin/md2html"
    cp md2html/md2html.1 "$out/usr/share/man/man1/"
    cp src/md4c.h src/md4c-html.h "$out/usr/include/"
    cp libmd4c.a libmd4c-html.a "$out/usr/lib/"
    for name in md4c md4c-html; do
      sed 's|@CMAKE_INSTALL_PREFIX@|/usr|; s|@CMAKE_INSTALL_LIBDIR@|lib|; s|@CMAKE_INSTALL_INCLUDEDIR@|include|; s|@PROJECT_VERSION@|0.5.2|' \
        src/$name.pc.in | sed '/@PROJECT_DESCRIPTION@/s/@.*@/parser of Markdown/; s|@PROJECT_NAME@|md4c|; s|@PROJECT_URL@|https://github.com/mity/md4c|' \
        > "$out/usr/lib/pkgconfig/$name.pc"
    done
  '';

  meta = {
    description = "parser of Markdown, as a library and a program";
    homepage = "https://github.com/mity/md4c";
    license = "MIT";
    origin = "independent";
  };
}
