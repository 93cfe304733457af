# What makes `configure` scripts.
{
  mkDerivation,
  fetchurl,
  unpack,
  m4,
  perl,
}:

mkDerivation {
  pname = "autoconf";
  version = "2.72";

  src = unpack {
    name = "autoconf-source";
    src = fetchurl {
      name = "autoconf_2.72.orig.tar.xz";
      urls = [
        "https://ftp.gnu.org/gnu/autoconf/autoconf-2.72.tar.xz"
        "debian-source:autoconf/autoconf_2.72.orig.tar.xz"
      ];
      sha256 = "ba885c1319578d6c94d46e9b0dceb4014caafe2490e437a0dbca3f270a223f5a";
    };
  };

  style = "autoconf";
  tools = [
    m4
    perl
  ];
  runtime = [
    "/bin/sh"
    m4
    perl
  ];
  makeFlags = [ "MAKEINFO=true" ];

  doCheck = true;
  checkPhase = ''
    printf '%s\n' 'AC_INIT([x],[42])' 'AC_OUTPUT' > x.ac
    ./tests/autoconf -o written x.ac
    sh ./written --version | grep -q 'x configure 42'
  '';

  meta = {
    description = "maker of configure scripts";
    homepage = "https://www.gnu.org/software/autoconf/";
    license = "GPL-3.0-or-later WITH Autoconf-exception-3.0";
    origin = "GNU";
  };
}
