# ncdu, the version in C.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
  pkgconf,
}:

mkDerivation {
  pname = "ncdu";
  version = "1.22";

  src = unpack {
    name = "ncdu-source";
    src = fetchurl {
      name = "ncdu_1.22.orig.tar.gz";
      urls = [
        "https://dev.yorhel.nl/download/ncdu-1.22.tar.gz"
        "debian-source:ncdu/ncdu_1.22.orig.tar.gz"
      ];
      sha256 = "8af3431c09769f2a6e75f2260707d51792f9043db49ca6c3f940adfdc12fe063";
    };
  };

  tools = [ pkgconf ];
  libraries = [ ncurses ];
  style = "autoconf";

  configureFlags = [
    "--with-ncurses"
    "--with-shell=/bin/sh"
  ];

  doCheck = true;
  checkPhase = ''
    mkdir files
    echo 42 > files/answer
    ./ncdu -0 -o- files | grep -q '"name":"answer","asize":3'
  '';

  meta = {
    description = "browser of what takes the space of a disk";
    homepage = "https://dev.yorhel.nl/ncdu";
    license = "MIT";
  };
}
