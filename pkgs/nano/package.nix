# A small editor.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
}:

mkDerivation {
  pname = "nano";
  version = "8.4";

  src = unpack {
    name = "nano-source";
    src = fetchurl {
      name = "nano_8.4.orig.tar.xz";
      urls = [
        "https://www.nano-editor.org/dist/v8/nano-8.4.tar.xz"
        "debian-source:nano/nano_8.4.orig.tar.xz"
      ];
      sha256 = "5ad29222bbd55624d87ea677928b3106a743114d6c6f9b41f36c97be2a8e628d";
    };
  };

  libraries = [ ncurses ];

  # How one asks whether it is the console, without headers of the kernel.
  postPatch = ''
    sed -i -e '/include <sys\/vt.h>/d' -e 's/struct vt_stat dummy;/unsigned short dummy[3];/' -e 's/VT_GETSTATE/0x5603/' src/nano.c
  '';

  # Otherwise it is found out by running a program.
  gl_cv_func_strcasecmp_works = "yes";

  style = "autoconf";
  configureFlags = [
    "--disable-libmagic"
    "--disable-utf8"
  ];

  doCheck = true;
  checkPhase = ''
    ./src/nano --version | grep -q 'GNU nano, version 8.4'
  '';

  meta = {
    description = "editor for terminals, small and without modes";
    homepage = "https://www.nano-editor.org/";
    license = "GPL-3.0-or-later AND GFDL-1.2-or-later";
    origin = "GNU";
  };
}
