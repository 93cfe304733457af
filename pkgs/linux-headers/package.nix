# The headers of the kernel that programs may see. The kernel's own build system
# would compile programs for this; a shell script does the same.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "linux-headers";
  version = "6.1.176";
  # There is nothing but headers.
  apk.subpackages.devel = null;

  src = unpack {
    name = "linux-headers-source";
    strip = 1;
    src = fetchurl {
      url = "debian-source:linux/linux_6.1.176.orig.tar.xz";
      sha256 = "9aad4025973feea3f0d978e82ab7db97d8d5ce3f59fcc6b1f316153d66e3a504";
    };
    only = [
      "Makefile"
      "arch/*/entry/syscalls"
      "arch/*/include/uapi"
      "arch/*/kernel/syscalls"
      "include/uapi"
      "scripts/syscallhdr.sh"
    ];
  };

  kernel = profile.linux;

  configurePhase = "";
  buildPhase = ''
    sh ${./headers.sh} headers "$kernel"
  '';

  installPhase = ''
    mkdir -p "$out/usr"
    cp -R headers "$out/usr/include"
  '';

  meta = {
    description = "headers of the kernel for programs";
    homepage = "https://www.kernel.org/";
    license = "GPL-2.0-only WITH Linux-syscall-note";
    origin = "Linux";
  };
}
