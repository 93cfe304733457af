# Markdown to HTML, manual pages and terminals.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lowdown";
  version = "2.0.2";

  src = unpack {
    name = "lowdown-source";
    src = fetchurl {
      url = "debian-source:lowdown/lowdown_2.0.2.orig.tar.gz";
      sha256 = "d59f2ad82f981a63051bb61d8d04c02c8c49428ac29c435dff03a92e210b0004";
    };
  };

  # Its makefile is for BSD's make, but for these lines, which are not for Linux, for others, too.
  postPatch = ''
    sed -i -e '/SANDBOX_INIT_ERROR_IGNORE/d' -e '/^\.else/d' -e '/^\.endif/d' Makefile
    # Debugging information has the names of folders.
    sed -i 's/{CFLAGS} -g -W/{CFLAGS} -W/' configure
  '';

  configurePhase = ''
    ./configure PREFIX=/usr MANDIR=/usr/share/man LDFLAGS="$LDFLAGS"
  '';

  makeFlags = [
    "lowdown"
    "lowdown-diff"
    "liblowdown.a"
    "lowdown.pc"
  ];

  doCheck = true;
  checkPhase = ''
    test "$(echo 'six *times* seven' | ./lowdown)" = "<p>six <em>times</em> seven</p>"
  '';

  installPhase = ''
    make install install_static DESTDIR="$out"
  '';

  meta = {
    description = "translator of Markdown, and its library";
    homepage = "https://kristaps.bsd.lv/lowdown/";
    license = "ISC";
    origin = "independent";
  };
}
