# The compressor of LZW, and its scripts.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "ncompress";
  version = "5.0";

  src = unpack {
    name = "ncompress-source";
    src = fetchurl {
      url = "debian-source:ncompress/ncompress_5.0.orig.tar.gz";
      sha256 = "96ec931d06ab827fccad377839bfb91955274568392ddecf809e443443aead46";
    };
  };

  style = "command";
  program = "compress";
  sources = "compress.c";
  libs = "-DUSERMEM=800000 -DUTIME_H=1";

  doCheck = true;
  checkPhase = ''
    # What grows makes its exit status 2.
    ./compress < compress.c > answer.Z
    test "$(wc -c < answer.Z)" -lt "$(wc -c < compress.c)"
    ./compress -d < answer.Z | cmp - compress.c
  '';

  # Not zcat: that of gzip's format is what everybody means.
  postInstall = ''
    mkdir -p "$out/usr/share/man/man1"
    ln -s compress "$out/usr/bin/uncompress"
    cp compress.1 uncompress.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "compressor of Unix, by adaptive Lempel-Ziv coding (.Z)";
    homepage = "https://vapier.github.io/ncompress/";
    license = "Unlicense";
    origin = "independent";
  };
}
