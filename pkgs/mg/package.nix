# The editor with the keys of Emacs, OpenBSD's.
{
  mkDerivation,
  fetchurl,
  unpack,
  libbsd,
  ncurses,
  pkgconf,
}:

mkDerivation {
  pname = "mg";
  version = "20240709";

  src = unpack {
    name = "mg-source";
    src = fetchurl {
      url = "debian-source:mg/mg_20240709.orig.tar.gz";
      sha256 = "8b2c7574f161172098d6e7feb8a8b7112afbc0604a53cb3a04268e7b32fe45ad";
    };
  };

  tools = [ pkgconf ];
  libraries = [
    libbsd
    ncurses
  ];

  configurePhase = "";

  # log.c is for who looks for mistakes in it.
  buildPhase = ''
    rm log.c
    $CC $CFLAGS -DREGEX -D_GNU_SOURCE -DHAVE_PTY_H $(pkg-config --cflags libbsd-overlay) $LDFLAGS -o mg *.c -lncurses $(pkg-config --libs libbsd-overlay)
  '';

  # It has to have a terminal.
  doCheck = true;
  checkPhase = ''
    ./mg -h 2> usage || true
    grep -q 'usage: mg' usage
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp mg "$out/usr/bin/"
    cp mg.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "editor for terminals with the keys of Emacs";
    homepage = "https://github.com/hboetes/mg";
    license = "LicenseRef-public-domain AND ISC AND BSD-2-Clause AND BSD-3-Clause";
    origin = "OpenBSD";
  };
}
