# The program of an initramfs that finds the root file system.
{
  mkDerivation,
}:

mkDerivation {
  pname = "early-init";
  version = "1";

  unpackPhase = "cp ${./init.c} init.c";
  configurePhase = "";
  buildPhase = ''
    $CC $CFLAGS -D_GNU_SOURCE $LDFLAGS -o init init.c
  '';
  installPhase = ''
    mkdir -p "$out/usr/lib/early-init"
    cp init "$out/usr/lib/early-init/"
  '';

  boot.initramfs = "usr/lib/early-init/init";

  meta = {
    description = "first program of an initramfs, which mounts the root";
    homepage = "https://docs.kernel.org/filesystems/ramfs-rootfs-initramfs.html";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
