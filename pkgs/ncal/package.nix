# The calendar, FreeBSD's.
{
  mkDerivation,
  fetchurl,
  unpack,
  libbsd,
  ncurses,
}:

mkDerivation {
  pname = "ncal";
  version = "12.1.8";

  src = unpack {
    name = "ncal-source";
    src = fetchurl {
      url = "debian-source:bsdmainutils/bsdmainutils_12.1.8.tar.xz";
      sha256 = "9e3e693b2f8ca4f3f10f0d154dac092e6251f12dc782a069a22a48c92d11bcbf";
    };
  };

  libraries = [
    libbsd
    ncurses
  ];

  # What the archive holds is to be changed by the patches in it.
  postPatch = ''
    for patch in $(grep ncal_ debian/patches/series) fix-big-1stweek.patch cal_highlight.diff; do
      patch -p1 < debian/patches/$patch
    done
    cd usr.bin/ncal
    # musl has no <sys/cdefs.h>.
    sed -i 's,<sys/cdefs.h>,<bsd/sys/cdefs.h>,' *.c
  '';
  style = "command";
  sources = "ncal.c calendar.c easter.c";
  libs = "-D_GNU_SOURCE -include bsd/string.h -lncurses -lbsd";

  doCheck = true;
  checkPhase = ''
    ./ncal -h -b 2 1999 > february
    cat february
    grep -q 'February 1999' february
    grep -q '^28' february
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man1"
    cp ncal.1 "$out/usr/share/man/man1/"
    ln -s ncal "$out/usr/bin/cal"
    ln -s ncal.1 "$out/usr/share/man/man1/cal.1"
  '';

  meta = {
    description = "calendar of months and years, and the date of Easter";
    homepage = "https://packages.debian.org/source/trixie/bsdmainutils";
    license = "BSD-2-Clause";
    origin = "FreeBSD";
  };
}
