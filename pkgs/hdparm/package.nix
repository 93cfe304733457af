# hdparm.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "hdparm";
  version = "9.65";

  src = unpack {
    name = "hdparm-source";
    src = fetchurl {
      url = "debian-source:hdparm/hdparm_9.65+ds.orig.tar.xz";
      sha256 = "d6541daca56de332348aa15ba3fa70ad126522bc9e44128aabe07f5213732228";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  style = "make";
  # An option that not every compiler has.
  postPatch = ''
    sed -i 's/ -fkeep-inline-functions//' Makefile
  '';
  makeFlags = [
    "CFLAGS=$CFLAGS"
    "STRIP=:"
    "hdparm"
  ];

  doCheck = true;
  checkPhase = ''
    ./hdparm -V | grep -q 'v9.65'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man8"
    cp hdparm "$out/usr/bin/"
    cp hdparm.8 "$out/usr/share/man/man8/"
  '';

  meta = {
    description = "program that reads and sets parameters of disks";
    homepage = "https://sourceforge.net/projects/hdparm/";
    license = "LicenseRef-hdparm AND GPL-2.0-only";
    origin = "independent";
  };
}
