# OpenBSD's signatures of files.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "signify";
  version = "31";

  src = unpack {
    name = "signify-source";
    src = fetchurl {
      url = "debian-source:signify-openbsd/signify-openbsd_31.orig.tar.gz";
      sha256 = "8111af7424f4cc69dab5cd43a14ccd607ca2d171ac77dd3ae288264a53254e5f";
    };
  };

  # musl has no <sys/cdefs.h>, which not every compiler can ask, and declares no base64.
  postPatch = ''
    if [ ${toolchain.libc} = musl ]; then
      sed -i 's/^#if __has_include_next(<sys.cdefs.h>)/#if 0/' libbsd/bsd/sys/cdefs.h
      printf '%s\n' '#include <stddef.h>' 'int b64_ntop(unsigned char const *, size_t, char *, size_t);' \
        'int b64_pton(char const *, unsigned char *, size_t);' >> compat.h
    fi
  '';

  style = "make";
  makeFlags = [
    "BUNDLED_LIBBSD=1"
    "MUSL=0"
    "BZERO=bundled"
    "MANDIR=/usr/share/man"
  ];
  makeVariables = [ "CC" ];

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    ./signify -G -n -p answer.pub -s answer.sec
    ./signify -S -s answer.sec -m answer
    ./signify -V -q -p answer.pub -m answer
    echo 43 > answer
    ! ./signify -V -q -p answer.pub -m answer
  '';

  meta = {
    description = "signer of files with Ed25519, and verifier";
    homepage = "https://github.com/aperezdc/signify";
    license = "ISC AND BSD-3-Clause AND LicenseRef-public-domain";
    origin = "OpenBSD";
  };
}
