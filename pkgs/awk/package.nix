# The one true awk.
{
  mkDerivation,
  fetchurl,
  unpack,
  byacc,
}:

mkDerivation {
  pname = "awk";
  version = "20220912";

  src = unpack {
    name = "awk-source";
    src = fetchurl {
      url = "debian-source:original-awk/original-awk_2022-09-12.orig.tar.gz";
      sha256 = "25e0846d5a4a20e90304bee282b068f65966406178a1e737fa0ac6744aef71d9";
    };
  };

  byPath = [ byacc ];

  configurePhase = "";

  buildPhase = ''
    ${byacc}/usr/bin/yacc -d -b awkgram awkgram.y
    $CC_FOR_BUILD -o maketab maketab.c
    ./maketab awkgram.tab.h > proctab.c
    $CC $CFLAGS -D_GNU_SOURCE $LDFLAGS -o awk \
      awkgram.tab.c b.c main.c parse.c proctab.c tran.c lib.c run.c lex.c -lm
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo 6 7 | ./awk '{ print $1 * $2 }')" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp awk "$out/usr/bin/"
  '';

  meta = {
    description = "the one true awk, Aho's, Weinberger's and Kernighan's";
    homepage = "https://github.com/onetrueawk/awk";
    license = "SMLNJ";
    origin = "Bell Labs";
  };
}
