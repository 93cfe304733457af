# i2cdetect, i2cdump, i2cget, i2cset, i2ctransfer, and libi2c.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "i2c-tools";
  version = "4.4";

  src = unpack {
    name = "i2c-tools-source";
    src = fetchurl {
      name = "i2c-tools_4.4.orig.tar.xz";
      urls = [
        "https://www.kernel.org/pub/software/utils/i2c-tools/i2c-tools-4.4.tar.xz"
        "debian-source:i2c-tools/i2c-tools_4.4.orig.tar.xz"
      ];
      sha256 = "8b15f0a880ab87280c40cfd7235cfff28134bf14d5646c07518b1ff6642a2473";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  style = "make";
  makeFlags = [
    "BUILD_DYNAMIC_LIB=0"
    "USE_STATIC_LIB=1"
    "EXTRA="
    "PREFIX=/usr"
    "bindir=/usr/bin"
    "sbindir=/usr/bin"
    "mandir=/usr/share/man"
    "libdir=/usr/lib"
    "includedir=/usr/include"
  ];

  doCheck = true;
  checkPhase = ''
    ./tools/i2cdetect -V 2>&1 | grep -q 'version 4.4'
  '';

  # Scripts in Perl.
  postInstall = ''
    rm -f "$out"/usr/bin/decode-* "$out"/usr/bin/ddcmon "$out"/usr/bin/i2c-stub-from-dump
    rm -f "$out"/usr/share/man/man1/decode-* "$out"/usr/share/man/man8/i2c-stub-from-dump.8
  '';

  meta = {
    description = "programs that speak to devices on I2C buses, and their library";
    homepage = "https://i2c.wiki.kernel.org/";
    license = "GPL-2.0-or-later AND LGPL-2.1-or-later";
    origin = "independent";
  };
}
