# GNU's maker of parsers.
{
  mkDerivation,
  fetchurl,
  unpack,
  m4,
}:

mkDerivation {
  pname = "bison";
  version = "3.8.2";

  src = unpack {
    name = "bison-source";
    src = fetchurl {
      url = "debian-source:bison/bison_3.8.2+dfsg.orig.tar.xz";
      sha256 = "dff8a3c96dd34121828f62a7fa49e1f7765815b89e59f564e8d2a9e71c177be5";
    };
  };

  # Its `yacc` takes the place of another one.
  apk.replaces = [ "byacc" ];

  style = "autoconf";
  tools = [ m4 ];
  runtime = [
    "/bin/sh"
    m4
  ];

  # The archive lacks the manual, of which examples are parts.
  buildPhase = ''
    touch doc/bison.texi
    touch examples/extracted.stamp
    printf 'include Makefile\nbuilt: $(BUILT_SOURCES)\n' > built.mk
    make -f built.mk built
    make -j"$NIX_BUILD_CORES" lib/libbison.a
    make -j"$NIX_BUILD_CORES" src/bison
  '';

  doCheck = true;
  checkPhase = ''
    printf '%%%%\nx: %%empty;\n' > x.y
    BISON_PKGDATADIR=data ./src/bison -o x.c x.y
    grep -q yyparse x.c
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/bison"
    cp src/bison src/yacc "$out/usr/bin/"
    cp -R data/* "$out/usr/share/bison/"
  '';

  meta = {
    description = "maker of parsers";
    homepage = "https://www.gnu.org/software/bison/";
    license = "GPL-3.0-or-later WITH Bison-exception-2.2";
    origin = "GNU";
  };
}
