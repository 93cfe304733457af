# A library that reads and writes XML, and xmllint.
{
  mkDerivation,
  fetchurl,
  unpack,
  xz,
  zlib,
}:

mkDerivation {
  pname = "libxml2";
  version = "2.9.14";

  src = unpack {
    name = "libxml2-source";
    src = fetchurl {
      url = "debian-source:libxml2/libxml2_2.12.7+dfsg+really2.9.14.orig.tar.xz";
      sha256 = "4fe913dec8b1ab89d13b489b419a8203176ea39e931eaa0d25b17eafb9c279e9";
    };
  };

  libraries = [
    xz
    zlib
  ];

  style = "autoconf";
  configureFlags = [
    "--without-python"
    "--without-http"
    "--without-ftp"
    "--with-zlib"
    "--with-lzma"
    "--without-icu"
    "--without-readline"
  ];

  doCheck = true;
  checkPhase = ''
    echo '<a><b c="42"/></a>' > check.xml
    test "$(./xmllint --xpath 'string(/a/b/@c)' check.xml)" = 42
  '';

  # xml2-config
  runtime = [ "/bin/sh" ];

  meta = {
    description = "library that reads and writes XML";
    homepage = "https://gitlab.gnome.org/GNOME/libxml2";
    license = "MIT";
  };
}
