# Differences of binary files.
{
  mkDerivation,
  fetchurl,
  unpack,
  bzip2,
}:

mkDerivation {
  pname = "bsdiff";
  version = "4.3";

  src = unpack {
    name = "bsdiff-source";
    src = fetchurl {
      url = "debian-source:bsdiff/bsdiff_4.3.orig.tar.gz";
      sha256 = "18821588b2dc5bf159aa37d3bcb7b885d85ffd1e19f23a0c57a58723fea85f48";
    };
  };

  libraries = [ bzip2 ];

  configurePhase = "";

  buildPhase = ''
    for name in bsdiff bspatch; do
      $CC $CFLAGS $LDFLAGS -include sys/types.h -o $name $name.c -lbz2
    done
  '';

  doCheck = true;
  checkPhase = ''
    ./bsdiff bsdiff bspatch difference
    ./bspatch bsdiff patched difference
    cmp bspatch patched
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp bsdiff bspatch "$out/usr/bin/"
    cp bsdiff.1 bspatch.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "differences of binary files, made and applied";
    homepage = "https://www.daemonology.net/bsdiff/";
    license = "BSD-2-Clause";
  };
}
