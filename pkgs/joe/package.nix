# Joe's Own Editor.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
}:

mkDerivation {
  pname = "joe";
  version = "4.6";

  src = unpack {
    name = "joe-source";
    src = fetchurl {
      name = "joe_4.6.orig.tar.gz";
      urls = [
        "https://downloads.sourceforge.net/joe-editor/joe-4.6.tar.gz"
        "debian-source:joe/joe_4.6.orig.tar.gz"
      ];
      sha256 = "495a0a61f26404070fe8a719d80406dc7f337623788e445b92a9f6de512ab9de";
    };
  };

  libraries = [ ncurses ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    ./joe/joe --help > answer 2>&1 || true
    grep -q 'Usage' answer
  '';

  meta = {
    description = "editor for terminals with the keys of WordStar";
    homepage = "https://joe-editor.sourceforge.io/";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
