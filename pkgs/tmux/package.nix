# Terminals within a terminal.
{
  mkDerivation,
  fetchurl,
  unpack,
  byacc,
  libevent,
  ncurses,
  pkgconf,
}:

mkDerivation {
  pname = "tmux";
  version = "3.5a";

  src = unpack {
    name = "tmux-source";
    src = fetchurl {
      name = "tmux_3.5a.orig.tar.gz";
      urls = [
        "https://github.com/tmux/tmux/releases/download/3.5a/tmux-3.5a.tar.gz"
        "debian-source:tmux/tmux_3.5a.orig.tar.gz"
      ];
      sha256 = "16216bd0877170dfcc64157085ba9013610b12b082548c7c9542cc0103198951";
    };
  };

  tools = [
    byacc
    pkgconf
  ];
  libraries = [
    libevent
    ncurses
  ];

  # How to link is for the set to say.
  style = "autoconf";
  configureFlags = [
    "--disable-static"
    "--disable-utf8proc"
  ];

  doCheck = true;
  checkPhase = ''
    ./tmux -V > answer 2>&1 || true
    # Without locales it says that much; then there is nothing to try it with.
    grep -q -e '^tmux 3.5a$' -e 'need UTF-8 locale' answer
  '';

  meta = {
    description = "multiplexer of terminals";
    homepage = "https://github.com/tmux/tmux";
    license = "ISC AND BSD-2-Clause AND BSD-3-Clause";
    origin = "OpenBSD";
  };
}
