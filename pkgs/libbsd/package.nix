# Functions of the BSDs, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
  libmd,
}:

mkDerivation {
  pname = "libbsd";
  version = "0.12.2";

  src = unpack {
    name = "libbsd-source";
    src = fetchurl {
      name = "libbsd_0.12.2.orig.tar.xz";
      urls = [
        "https://libbsd.freedesktop.org/releases/libbsd-0.12.2.tar.xz"
        "debian-source:libbsd/libbsd_0.12.2.orig.tar.xz"
      ];
      sha256 = "b88cc9163d0c652aaf39a99991d974ddba1c3a9711db8f1b5838af2a14731014";
    };
  };

  libraries = [ libmd ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    make -C test check TESTS="humanize strtonum vis" check_PROGRAMS="humanize strtonum vis" check_LTLIBRARIES= check_SCRIPTS=
  '';

  meta = {
    description = "functions of the BSDs that other C libraries lack";
    homepage = "https://libbsd.freedesktop.org/";
    license = "BSD-3-Clause AND BSD-2-Clause AND ISC AND MIT AND Beerware AND LicenseRef-public-domain";
    origin = "independent";
  };
}
