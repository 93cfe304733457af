# Letters made of letters.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "figlet";
  version = "2.2.5";

  src = unpack {
    name = "figlet-source";
    src = fetchurl {
      name = "figlet_2.2.5.orig.tar.gz";
      urls = [
        "http://ftp.figlet.org/pub/figlet/program/unix/figlet-2.2.5.tar.gz"
        "debian-source:figlet/figlet_2.2.5.orig.tar.gz"
      ];
      sha256 = "bf88c40fd0f077dab2712f54f8d39ac952e4e9f2e1882f1195be9e5e4257417d";
    };
  };

  # Macros of other C libraries, for C++ alone.
  postPatch = ''
    sed -i -e '/^__BEGIN_DECLS/d' -e '/^__END_DECLS/d' utf8.h
  '';

  style = "make";
  makeFlags = [
    "LD=$CC $CFLAGS"
    "DEFAULTFONTDIR=/usr/share/figlet"
    "MANDIR=/usr/share/man"
  ];

  doCheck = true;
  checkPhase = ''
    test "$(printf 42 | ./figlet -d fonts -f digital)" = "$(printf '+-+-+\n|4|2|\n+-+-+')"
    ./chkfont fonts/standard.flf
  '';

  # figlist and showfigfonts.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "writer of large letters made of characters";
    homepage = "http://www.figlet.org/";
    license = "BSD-3-Clause";
    origin = "independent";
  };
}
