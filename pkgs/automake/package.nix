# What makes the makefiles that `configure` fills in.
{
  mkDerivation,
  fetchurl,
  unpack,
  autoconf,
  perl,
}:

mkDerivation {
  pname = "automake";
  version = "1.17";

  src = unpack {
    name = "automake-source";
    src = fetchurl {
      name = "automake-1.17_1.17.orig.tar.xz";
      urls = [
        "https://ftp.gnu.org/gnu/automake/automake-1.17.tar.xz"
        "debian-source:automake-1.17/automake-1.17_1.17.orig.tar.xz"
      ];
      sha256 = "8920c1fc411e13b90bf704ef9db6f29d540e76d232cb3b2c9f4dc4cc599bd990";
    };
  };

  style = "autoconf";
  tools = [
    autoconf
    perl
  ];
  runtime = [
    "/bin/sh"
    autoconf
    perl
  ];
  makeFlags = [ "MAKEINFO=true" ];

  meta = {
    description = "maker of makefiles for configure scripts";
    homepage = "https://www.gnu.org/software/automake/";
    license = "GPL-2.0-or-later";
    origin = "GNU";
  };
}
