# Info-ZIP's programs that read zip files.
{
  mkDerivation,
  fetchurl,
  unpack,
  bzip2,
  zip,
}:

mkDerivation {
  pname = "unzip";
  version = "6.0";

  src = unpack {
    name = "unzip-source";
    src = fetchurl {
      url = "debian-source:unzip/unzip_6.0.orig.tar.gz";
      sha256 = "036d96991646d0449ed0aa952e4fbe21b476ce994abc276e49d30e686708bd37";
    };
  };

  # For the check.
  tools = [ zip ];
  libraries = [ bzip2 ];

  style = "make";
  # The type has another name only with the compiler that the program was written for.
  postPatch = ''
    sed -i 's/unsigned __int64/unsigned long long/' unzpriv.h
  '';
  # What unix/configure would find out, by programs that are no C any more.
  makeFlags = [
    "-f"
    "unix/Makefile"
    "LD=$CC"
    "CFLAGS=$CFLAGS -I. -DUNIX -DUSE_BZIP2 -DBSD4_4 -DNO_LCHMOD -DLARGE_FILE_SUPPORT -DUNICODE_SUPPORT -DUNICODE_WCHAR -DUTF8_MAYBE_NATIVE -DHAVE_DIRENT_H -DHAVE_TERMIOS_H"
    "CF_NOOPT="
    "LFLAGS1=$LDFLAGS"
    "L_BZ2=-lbz2"
    "LF2="
    "BINDIR=$out/usr/bin"
    "MANDIR=$out/usr/share/man/man1"
  ];
  buildPhase = ''
    eval "make -j$NIX_BUILD_CORES CC=\"\$CC\" $makeFlags unzips"
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    zip -q answer.zip answer
    zip -q -Z bzip2 squeezed.zip answer
    test "$(./unzip -p answer.zip)$(./unzip -p squeezed.zip)" = 4242
  '';

  # zipgrep
  runtime = [ "/bin/sh" ];

  meta = {
    description = "reader of archives of the kind zip";
    homepage = "https://infozip.sourceforge.net/UnZip.html";
    license = "Info-ZIP";
  };
}
