# bubblewrap, static: what chx makes its sandboxes with.
{
  mkDerivation,
  fetchurl,
  unpack,
  libcap,
  linux-headers,
}:

mkDerivation {
  pname = "bubblewrap";
  version = "0.13.0";

  src = unpack {
    name = "bubblewrap-source";
    src = fetchurl {
      name = "bubblewrap_0.13.0.orig.tar.xz";
      urls = [
        "https://github.com/containers/bubblewrap/releases/download/v0.13.0/bubblewrap-0.13.0.tar.xz"
        "debian-source:bubblewrap/bubblewrap_0.13.0.orig.tar.xz"
      ];
      sha256 = "4734237473c0e5d695e4e9034a34e43b2dbf5164655bd13fa59ae376b2b7a765";
    };
  };

  libraries = [ libcap ];

  style = "command";
  program = "bwrap";
  sources = "bubblewrap.c bind-mount.c network.c utils.c chroot_realpath.c safe_openat.c";
  libs = "-lcap";

  # What its configuration by meson would say.
  postPatch = ''
    echo "#define PACKAGE_STRING \"bubblewrap $version\"" > config.h
  '';

  preBuild = ''
    CFLAGS="$CFLAGS -D_GNU_SOURCE -I. -I${linux-headers}/usr/include"
    LDFLAGS="$LDFLAGS -static"
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./bwrap --version)" = "bubblewrap $version"
  '';

  meta = {
    description = "sandboxes of namespaces, without privileges";
    homepage = "https://github.com/containers/bubblewrap";
    license = "LGPL-2.1-or-later";
    origin = "independent";
  };
}
