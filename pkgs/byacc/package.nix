# The parser generator.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "byacc";
  version = "20221106";

  src = unpack {
    name = "byacc-source";
    src = fetchurl {
      name = "byacc_2.0.20221106.orig.tar.gz";
      urls = [
        "https://invisible-mirror.net/archives/byacc/byacc-20221106.tgz"
        "debian-source:byacc/byacc_2.0.20221106.orig.tar.gz"
      ];
      sha256 = "a899be227bbcac9cf7700f7dbb5a8494688f1f9f0617b510762daeace47b9d12";
    };
  };

  configurePhase = ''
    cp ${./config.h} config.h
  '';

  buildPhase = ''
    $CC $CFLAGS -I. -DHAVE_CONFIG_H -DYYPATCH=20221106 -D_GNU_SOURCE $LDFLAGS -o yacc \
      closure.c error.c graph.c lalr.c lr0.c main.c mkpar.c mstring.c output.c reader.c \
      symtab.c verbose.c warshall.c yaccpar.c
  '';

  doCheck = true;
  checkPhase = ''
    printf '%%%%\nall : %s ;\n' "'x'" > smallest.y
    ./yacc -d smallest.y
    grep -q yyparse y.tab.c
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp yacc "$out/usr/bin/"
    ln -s yacc "$out/usr/bin/byacc"
  '';

  meta = {
    description = "Berkeley Yacc, a generator of LALR(1) parsers";
    homepage = "https://invisible-island.net/byacc/";
    license = "LicenseRef-public-domain";
    origin = "independent";
  };
}
