# lspci, setpci, and libpci.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "pciutils";
  version = "3.13.0";

  src = unpack {
    name = "pciutils-source";
    src = fetchurl {
      name = "pciutils_3.13.0.orig.tar.gz";
      urls = [
        "https://www.kernel.org/pub/software/utils/pciutils/pciutils-3.13.0.tar.gz"
        "debian-source:pciutils/pciutils_3.13.0.orig.tar.gz"
      ];
      sha256 = "a03c88a0aab709b1697ca1753766f443e78297f84c7bcd80a82c1422edd7cb42";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # tcc knows gcc's assembler, but not by this macro.
  postPatch = ''
    sed -i 's/^#if defined(__GNUC__)$/#if defined(__GNUC__) || defined(__TINYC__)/' lib/i386-io-access.h
  '';

  style = "make";

  # HOST is what its script would find out of the machine that builds.
  makeFlags = [
    "HOST=${builtins.head (builtins.split "-" profile.triplet)}-linux"
    "RELEASE=6"
    "PREFIX=/usr"
    "SBINDIR=/usr/bin"
    "MANDIR=/usr/share/man"
    "IDSDIR=/usr/share"
    "ZLIB=no"
    "DNS=no"
    "LIBKMOD=no"
    "HWDB=no"
    "SHARED=no"
    "STRIP="
  ];

  doCheck = true;
  checkPhase = ''
    ./lspci -F tests/cap-ht -i pci.ids | grep -q '^00:00.0 Host bridge: .*RD890'
  '';

  # update-pciids would fetch what the package has.
  postInstall = ''
    make install-lib DESTDIR="$out" $(printf '%s ' PREFIX=/usr LIBDIR=/usr/lib ZLIB=no DNS=no LIBKMOD=no HWDB=no)
    rm -f "$out/usr/bin/update-pciids" "$out/usr/share/man/man8/update-pciids.8"
  '';

  meta = {
    description = "programs that show and set up PCI devices, and their library";
    homepage = "https://mj.ucw.cz/sw/pciutils/";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
