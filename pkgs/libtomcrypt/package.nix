# Ciphers, digests and signatures, as a library.
{
  mkDerivation,
  fetchurl,
  unpack,
  libtommath,
}:

mkDerivation {
  pname = "libtomcrypt";
  version = "1.18.2";

  src = unpack {
    name = "libtomcrypt-source";
    src = fetchurl {
      url = "debian-source:libtomcrypt/libtomcrypt_1.18.2+dfsg.orig.tar.xz";
      sha256 = "fec310cb440232e9a75da7ef1b2350e6d29e7808a8f6ff2f4158ae2ec0ff3670";
    };
  };

  libraries = [ libtommath ];

  style = "make";
  makeFlags = [
    "-f"
    "makefile.unix"
    "CFLAGS=$CFLAGS -DUSE_LTM -DLTM_DESC"
    "EXTRALIBS=-ltommath"
  ];

  doCheck = true;
  checkPhase = ''
    eval "make CC=\"\$CC\" AR=\"\$AR\" RANLIB=\"\$RANLIB\" LDFLAGS=\"\$LDFLAGS\" $makeFlags hashsum"
    printf abc > abc
    ./hashsum -a sha256 abc | grep ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
  '';

  meta = {
    description = "ciphers, digests and signatures, as a library";
    homepage = "https://www.libtom.net/LibTomCrypt/";
    license = "Unlicense";
    origin = "independent";
  };
}
