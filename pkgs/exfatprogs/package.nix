# mkfs.exfat, fsck.exfat and their relatives.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "exfatprogs";
  version = "1.2.9";

  src = unpack {
    name = "exfatprogs-source";
    src = fetchurl {
      name = "exfatprogs_1.2.9.orig.tar.xz";
      urls = [
        "https://github.com/exfatprogs/exfatprogs/releases/download/1.2.9/exfatprogs-1.2.9.tar.xz"
        "debian-source:exfatprogs/exfatprogs_1.2.9.orig.tar.xz"
      ];
      sha256 = "d9a42197c6ff9e6a8e923789413008e317415cf7a4ab85c486c5ffcaf49ca175";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    dd if=/dev/zero of=disk.img bs=1048576 count=8 2> /dev/null
    ./mkfs/mkfs.exfat -L ANSWER disk.img
    ./fsck/fsck.exfat -n disk.img
    ./label/exfatlabel disk.img | grep -q ANSWER
  '';

  meta = {
    description = "programs that make, check and show exFAT file systems";
    homepage = "https://github.com/exfatprogs/exfatprogs";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
