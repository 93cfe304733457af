# mcopy, mdir, mformat and so on: FAT images without mounting.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "mtools";
  version = "4.0.32";

  src = unpack {
    name = "mtools-source";
    src = fetchurl {
      url = "debian-source:mtools/mtools_4.0.33-1+really4.0.32.orig.tar.bz2";
      sha256 = "d540ca05fb1726d7218bb9f8df8742e6cb301129a20333b0b41c6b2c357c788e";
    };
  };

  style = "autoconf";
  configureFlags = [
    "--disable-floppyd"
    "--without-x"
  ];

  doCheck = true;
  checkPhase = ''
    export MTOOLS_SKIP_CHECK=1
    echo 42 > answer
    ./mformat -C -i disk.img -f 1440 ::
    ./mcopy -i disk.img answer ::
    test "$(./mtype -i disk.img ::answer)" = 42
  '';

  # Scripts that pack and print what a disk has.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "programs that read and write FAT file systems in images";
    homepage = "https://www.gnu.org/software/mtools/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
