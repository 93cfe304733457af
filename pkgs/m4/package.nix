# GNU's macro processor: autoconf is written in it.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "m4";
  version = "1.4.19";

  src = unpack {
    name = "m4-source";
    src = fetchurl {
      name = "m4_1.4.19.orig.tar.xz";
      urls = [
        "https://ftp.gnu.org/gnu/m4/m4-1.4.19.tar.xz"
        "debian-source:m4/m4_1.4.19.orig.tar.xz"
      ];
      sha256 = "63aede5c6d33b6d9b13511cd0be2cac046f2e70fd0a07aa9573a04a82783af96";
    };
  };

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    test "$(echo 'define(x, 42)x' | ./src/m4)" = 42
  '';

  meta = {
    description = "macro processor";
    homepage = "https://www.gnu.org/software/m4/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
