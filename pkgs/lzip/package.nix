# The compressor lzip.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lzip";
  version = "1.25";

  src = unpack {
    name = "lzip-source";
    src = fetchurl {
      url = "debian-source:lzip/lzip_1.25.orig.tar.xz";
      sha256 = "b854b1e83c978485de6a8c3d47299dfca8d86ce771d05a278d5badcc9101e949";
    };
  };

  languages = [ "c++" ];

  # Words of the variables are told by name: configure reads none from the environment.
  configureFlags = [
    "--mandir=/usr/share/man"
    "CXX=$CXX"
    "CXXFLAGS=$CXXFLAGS"
    "LDFLAGS=$LDFLAGS"
  ];

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./lzip | ./lzip -d)" = 42
  '';

  meta = {
    description = "compressor by LZMA for archives that are to be kept";
    homepage = "https://www.nongnu.org/lzip/lzip.html";
    license = "GPL-2.0-or-later AND BSD-2-Clause";
    origin = "independent";
  };
}
