# NetBSD's line editor, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  ncurses,
}:

mkDerivation {
  pname = "libedit";
  version = "20221030";

  src = unpack {
    name = "libedit-source";
    src = fetchurl {
      name = "libedit_3.1-20221030.orig.tar.gz";
      urls = [
        "https://thrysoee.dk/editline/libedit-20221030-3.1.tar.gz"
        "debian-source:libedit/libedit_3.1-20221030.orig.tar.gz"
      ];
      sha256 = "f0925a5adf4b1bf116ee19766b7daa766917aec198747943b1c4edf67a4be2bb";
    };
  };

  byPath = [ ncurses ];

  # musl's wide characters are Unicode; not every compiler says so without being asked.
  postPatch = ''
    sed -i 's/#error wchar_t must store ISO 10646 characters//' src/chartype.h
  '';

  configurePhase = ''
    CPPFLAGS="-I${ncurses}/usr/include -I${ncurses}/usr/include/ncurses" LDFLAGS="$LDFLAGS -L${ncurses}/usr/lib" \
      ./configure --prefix=/usr --build=${buildProfile.triplet} --host=${profile.triplet} --disable-shared --disable-examples
  '';

  # Makefiles of automake make these first, but for `all` only.
  preBuild = ''
    make -C src vi.h emacs.h common.h help.h fcns.h func.h
  '';

  buildPhase = ''
    make -C src -j"$NIX_BUILD_CORES" libedit.la
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/editline" "$out/usr/lib"
    cp src/.libs/libedit.a "$out/usr/lib/"
    cp src/histedit.h "$out/usr/include/"
    cp src/editline/readline.h "$out/usr/include/editline/"
  '';

  meta = {
    description = "NetBSD's line editor";
    homepage = "https://www.thrysoee.dk/editline/";
    license = "BSD-3-Clause";
    origin = "NetBSD";
  };
}
