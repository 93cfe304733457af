# Manual pages: BSD's formatter.
{
  mkDerivation,
  fetchurl,
  unpack,
  zlib,
}:

mkDerivation {
  pname = "mandoc";
  version = "1.14.6";

  src = unpack {
    name = "mandoc-source";
    src = fetchurl {
      url = "debian-source:mdocml/mdocml_1.14.6.orig.tar.gz";
      sha256 = "8bf0d570f01e70a6e124884088870cbed7537f36328d512909eb10cd53179d9c";
    };
  };

  tools = [ zlib ];

  configurePhase = ''
    {
      echo "CC='$CC'"
      echo "AR='$AR'"
      echo "CFLAGS='$CFLAGS -I${zlib}/usr/include'"
      echo "LDFLAGS='$LDFLAGS -L${zlib}/usr/lib'"
      echo PREFIX=/usr
      echo SBINDIR=/usr/bin
      echo MANDIR=/usr/share/man
      echo LN="'ln -sf'"
      echo OSNAME="'chx'"
    } > configure.local
    ./configure
  '';

  doCheck = true;
  checkPhase = ''
    ./mandoc -T ascii mandoc.1 | grep -q 'format manual pages'
  '';

  meta = {
    description = "formatter of manual pages";
    homepage = "https://mandoc.bsd.lv/";
    # The latter two are for soelim and for parts that come from the BSDs.
    license = "ISC AND BSD-2-Clause AND BSD-3-Clause";
  };
}
