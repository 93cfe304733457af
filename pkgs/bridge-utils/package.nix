# brctl.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "bridge-utils";
  version = "1.7.1";

  src = unpack {
    name = "bridge-utils-source";
    src = fetchurl {
      name = "bridge-utils_1.7.1.orig.tar.xz";
      urls = [
        "https://www.kernel.org/pub/linux/utils/net/bridge-utils/bridge-utils-1.7.1.tar.xz"
        "debian-source:bridge-utils/bridge-utils_1.7.1.orig.tar.xz"
      ];
      sha256 = "a61d8be4f1a1405c60c8ef38d544f0c18c05b33b9b07e5b4b31033536165e60e";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # All that `configure` would find out, any Linux has.
  configurePhase = ''
    printf '#define HAVE_IF_NAMETOINDEX 1\n#define HAVE_IF_INDEXTONAME 1\n' > libbridge/config.h
    printf '#define PACKAGE_NAME "bridge-utils"\n#define PACKAGE_VERSION "1.7.1"\n' >> libbridge/config.h
    printf '#define HAVE_STRDUP 1\n#define HAVE_SYS_IOCTL_H 1\n#define HAVE_SYS_TIME_H 1\n' >> libbridge/config.h
  '';

  style = "command";
  program = "brctl";
  preBuild = ''
    # The program is to have the name of this folder.
    mv brctl program
    CFLAGS="$CFLAGS -D_GNU_SOURCE -Ilibbridge -include net/if.h -include string.h -include limits.h"
  '';
  sources = [
    "libbridge/libbridge_devif.c"
    "libbridge/libbridge_if.c"
    "libbridge/libbridge_init.c"
    "libbridge/libbridge_misc.c"
    "program/brctl.c"
    "program/brctl_cmd.c"
    "program/brctl_disp.c"
  ];

  doCheck = true;
  checkPhase = ''
    ./brctl --version | grep -q '^bridge-utils, 1.7'
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man8"
    cp doc/brctl.8 "$out/usr/share/man/man8/"
  '';

  meta = {
    description = "program that sets up bridges of Ethernet";
    homepage = "https://wiki.linuxfoundation.org/networking/bridge";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
