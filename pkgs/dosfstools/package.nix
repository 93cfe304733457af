# mkfs.fat, fsck.fat and fatlabel.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "dosfstools";
  version = "4.2";

  src = unpack {
    name = "dosfstools-source";
    src = fetchurl {
      name = "dosfstools_4.2.orig.tar.gz";
      urls = [
        "https://github.com/dosfstools/dosfstools/releases/download/v4.2/dosfstools-4.2.tar.gz"
        "debian-source:dosfstools/dosfstools_4.2.orig.tar.gz"
      ];
      sha256 = "64926eebf90092dca21b14259a5301b7b98e7b1943e8a201c7d726084809b527";
    };
  };

  style = "autoconf";

  configureFlags = [ "--without-iconv" ];

  doCheck = true;
  checkPhase = ''
    ./src/mkfs.fat -C -n ANSWER -i 42424242 disk.img 1440
    ./src/fsck.fat -n disk.img
    test "$(./src/fatlabel disk.img)" = ANSWER
  '';

  meta = {
    description = "programs that make and check FAT file systems";
    homepage = "https://github.com/dosfstools/dosfstools";
    license = "GPL-3.0-or-later";
    origin = "independent";
  };
}
