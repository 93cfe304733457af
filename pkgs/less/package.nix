# The pager.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
}:

mkDerivation {
  pname = "less";
  version = "668";

  src = unpack {
    name = "less-source";
    src = fetchurl {
      name = "less_668.orig.tar.gz";
      urls = [
        "https://www.greenwoodsoftware.com/less/less-668.tar.gz"
        "debian-source:less/less_668.orig.tar.gz"
      ];
      sha256 = "2819f55564d86d542abbecafd82ff61e819a3eec967faa36cd3e68f1596a44b8";
    };
  };

  libraries = [ ncurses ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./less)" = 42
    test "$(./lessecho 6 7)" = "6 7"
  '';

  meta = {
    description = "pager that scrolls both ways, and does not read all of a file first";
    homepage = "https://www.greenwoodsoftware.com/less/";
    license = "BSD-2-Clause OR GPL-3.0-or-later";
    origin = "independent";
  };
}
