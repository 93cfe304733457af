# dmidecode.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "dmidecode";
  version = "3.6";

  src = unpack {
    name = "dmidecode-source";
    src = fetchurl {
      name = "dmidecode_3.6.orig.tar.xz";
      urls = [
        "https://download.savannah.gnu.org/releases/dmidecode/dmidecode-3.6.tar.xz"
        "debian-source:dmidecode/dmidecode_3.6.orig.tar.xz"
      ];
      sha256 = "e40c65f3ec3dafe31ad8349a4ef1a97122d38f65004ed66575e1a8d575dd8bae";
    };
  };

  style = "make";

  # CFLAGS come from the environment, and the makefile adds to them.
  makeVariables = [ ];
  makeFlags = [
    "prefix=/usr"
    "sbindir=/usr/bin"
    "compdir=/usr/share/bash-completion/completions"
    "MACHINE=${profile.machine}"
  ];

  doCheck = true;
  checkPhase = ''
    test "$(./dmidecode --version)" = 3.6
    ./dmidecode --list-strings 2>&1 | grep -q '^  bios-vendor$' || ./dmidecode -s 2>&1 | grep -q '^  bios-vendor$'
  '';


  meta = {
    description = "program that tells what the firmware says of the hardware";
    homepage = "https://www.nongnu.org/dmidecode/";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
