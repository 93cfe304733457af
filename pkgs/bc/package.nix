# The calculators, GNU's: bc and dc.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "bc";
  version = "1.07.1";

  src = unpack {
    name = "bc-source";
    src = fetchurl {
      name = "bc_1.07.1.orig.tar.gz";
      urls = [
        "https://ftp.gnu.org/gnu/bc/bc-1.07.1.tar.gz"
        "debian-source:bc/bc_1.07.1.orig.tar.gz"
      ];
      sha256 = "62adfca89b0a1c0164c2cdca59ca210c1d44c3ffc46daf9931cf4942664cb02a";
    };
  };

  # The library of functions is compiled by a bc without it, which has to run here.
  postPatch = ''
    sed -i 's/^libmath.h: .*/by-upstream:/' bc/Makefile.in
    # Its manual is made by makeinfo.
    sed -i 's/^SUBDIRS = .*/SUBDIRS = lib bc dc/' Makefile.in
  '';

  style = "autoconf";
  configureFlags = [
    "--without-libedit"
    "--without-readline"
  ];

  preBuild = ''
    cd bc
    echo '{0}' > libmath.h
    $CC_FOR_BUILD -DHAVE_CONFIG_H -I. -I.. -I../h -o fbc main.c bc.c scan.c execute.c load.c storage.c util.c warranty.c global.c \
      ../lib/getopt.c ../lib/getopt1.c ../lib/number.c
    ./fbc -c libmath.b < /dev/null > libmath.txt
    sed -e '1s/^/{"/' -e '2,$s/^/"/' -e 's/$/",/' libmath.txt | sed '$d' | sed '$s/,$/,0}/' > libmath.h
    cd ..
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man1"
    cp doc/bc.1 doc/dc.1 "$out/usr/share/man/man1/"
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo '2^64; scale=20; e(l(42))' | bc/bc -l | head -c 22)" = "$(printf '18446744073709551616\n4')"
    test "$(echo '6 7*p' | dc/dc)" = 42
  '';

  meta = {
    description = "calculators of arbitrary precision, bc and dc";
    homepage = "https://www.gnu.org/software/bc/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
