# What finds libraries by their .pc files. `pkg-config` is told that everything is
# static here.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "pkgconf";
  version = "1.8.1";

  src = unpack {
    name = "pkgconf-source";
    src = fetchurl {
      name = "pkgconf_1.8.1.orig.tar.xz";
      urls = [
        "https://distfiles.ariadne.space/pkgconf/pkgconf-1.8.1.tar.xz"
        "debian-source:pkgconf/pkgconf_1.8.1.orig.tar.xz"
      ];
      sha256 = "644361ada2942be05655d4452eb018791647c31bba429b287f1f68deb2dc6840";
    };
  };

  style = "autoconf";
  configureFlags = [
    "--with-pkg-config-dir=/usr/lib/pkgconfig:/usr/share/pkgconfig"
    "--with-system-libdir=/usr/lib"
    "--with-system-includedir=/usr/include"
  ];

  postInstall = ''
    printf '%s\n' '#!/bin/sh' 'exec pkgconf --static "$@"' > "$out/usr/bin/pkg-config"
    chmod +x "$out/usr/bin/pkg-config"
  '';

  doCheck = true;
  checkPhase = ''
    printf '%s\n' 'Name: x' 'Description: x' 'Version: 42' 'Libs: -lx' 'Libs.private: -ly' > x.pc
    test "$(PKG_CONFIG_PATH=. ./pkgconf --modversion x)" = 42
    set -- $(PKG_CONFIG_PATH=. ./pkgconf --static --libs x)
    test "$*" = "-lx -ly"
  '';

  runtime = [ "/bin/sh" ];

  meta = {
    description = "finder of the flags that libraries are compiled and linked with";
    homepage = "https://github.com/pkgconf/pkgconf";
    license = "ISC";
    origin = "independent";
  };
}
