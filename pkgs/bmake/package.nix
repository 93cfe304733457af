# NetBSD's make.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
}:

mkDerivation {
  pname = "bmake";
  version = "20200710";

  src = unpack {
    name = "bmake-source";
    src = fetchurl {
      name = "bmake_20200710.orig.tar.gz";
      urls = [
        "https://www.crufty.net/ftp/pub/sjg/bmake-20200710.tar.gz"
        "debian-source:bmake/bmake_20200710.orig.tar.gz"
      ];
      sha256 = "6538fc4319ef79d178dca76d3b869f7aa93a9bb7b510df08a7d872c01a56b76c";
    };
  };

  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--with-default-sys-path=/usr/share/mk"
    "--with-machine=${profile.name}"
  ];

  # One object is called without its suffix, which works where `getopt` is not needed. Sources are named from here, because
  # assertions hold the names.
  buildPhase = ''
    sed -i -e 's/getopt hash.o/getopt.o hash.o/' -e 's/^srcdir=.*/srcdir=./' make-bootstrap.sh
    sh make-bootstrap.sh
  '';

  doCheck = true;
  checkPhase = ''
    printf 'ANSWER != expr 6 \\* 7\nall:\n\t@echo $(ANSWER)\n' > smallest.mk
    test "$(./bmake -m mk -f smallest.mk)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/mk"
    cp bmake "$out/usr/bin/"
    cp mk/*.mk "$out/usr/share/mk/"
  '';

  # Assertions name their files as the compiler was told them.
  preBuild = ''
    sed -i 's/^srcdir=.*/srcdir=./' make-bootstrap.sh
  '';

  meta = {
    description = "NetBSD's make, made to run elsewhere";
    homepage = "https://www.crufty.net/help/sjg/bmake.html";
    # Parts of Berkeley's code still ask for the acknowledgement.
    license = "BSD-2-Clause AND BSD-3-Clause AND BSD-4-Clause";
    origin = "NetBSD";
  };
}
