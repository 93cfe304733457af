# A library that reads options of command lines.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "popt";
  version = "1.19";

  src = unpack {
    name = "popt-source";
    src = fetchurl {
      url = "debian-source:popt/popt_1.19+dfsg.orig.tar.xz";
      sha256 = "4cd0cd2963d0c4078f65949599d97135c15ee6c09cf3a36a9a1b2753025bb06b";
    };
  };

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    make -C tests test1
    test "$(./tests/test1 --arg1 --arg2 42 | head -n 1)" = 'arg1: 1 arg2: 42'
  '';

  meta = {
    description = "library that reads the options of command lines";
    homepage = "https://github.com/rpm-software-management/popt";
    license = "X11";
    origin = "independent";
  };
}
