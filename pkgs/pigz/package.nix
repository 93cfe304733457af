# gzip with threads.
{
  mkDerivation,
  fetchurl,
  unpack,
  zlib,
}:

mkDerivation {
  pname = "pigz";
  version = "2.8";

  src = unpack {
    name = "pigz-source";
    src = fetchurl {
      url = "debian-source:pigz/pigz_2.8.orig.tar.xz";
      sha256 = "bec34f9d61e28b9b069da9efd53e73d22cd207a4798ed664832dc9b17aa486aa";
    };
  };

  libraries = [ zlib ];

  style = "make";

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./pigz | ./unpigz)" = 42
    test "$(echo 42 | ./pigz -11 | ./pigz -d)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp pigz "$out/usr/bin/"
    ln -s pigz "$out/usr/bin/unpigz"
    cp pigz.1 "$out/usr/share/man/man1/"
    ln -s pigz.1 "$out/usr/share/man/man1/unpigz.1"
  '';

  meta = {
    description = "gzip that compresses with several threads";
    homepage = "https://zlib.net/pigz/";
    license = "Zlib AND Apache-2.0";
    origin = "independent";
  };
}
