# Info-ZIP's archiver.
{
  mkDerivation,
  fetchurl,
  unpack,
  bzip2,
}:

mkDerivation {
  pname = "zip";
  version = "3.0";

  src = unpack {
    name = "zip-source";
    src = fetchurl {
      url = "debian-source:zip/zip_3.0.orig.tar.gz";
      sha256 = "f0e8bb1f9b7eb0b01285495a2699df3a4b766784c1765a8f1aeedf63c0806369";
    };
  };

  libraries = [ bzip2 ];

  style = "make";
  # What unix/configure would find out, by programs that are no C any more.
  makeFlags = [
    "-f"
    "unix/Makefile"
    "CFLAGS=$CFLAGS -I. -DUNIX -DBZIP2_SUPPORT -DUIDGID_NOT_16BIT -DLARGE_FILE_SUPPORT -DUNICODE_SUPPORT -DHAVE_DIRENT_H -DHAVE_TERMIOS_H"
    "LFLAGS2=$LDFLAGS -lbz2"
    "OCRCU8=crc32_.o"
    "OCRCTB="
    "BINDIR=$out/usr/bin"
    "MANDIR=$out/usr/share/man/man1"
  ];
  buildPhase = ''
    eval "make -j$NIX_BUILD_CORES CC=\"\$CC\" $makeFlags zips"
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    test "$(./zip -q - answer | wc -c)" -gt 100
    ./zip -q -Z bzip2 answer.zip answer
    ./zip -T answer.zip | grep OK || ./zip -sf answer.zip | grep answer
  '';

  meta = {
    description = "archiver for files of the kind zip";
    homepage = "https://infozip.sourceforge.net/Zip.html";
    license = "Info-ZIP";
  };
}
