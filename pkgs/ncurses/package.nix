# The terminal library, static and narrow.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
}:

mkDerivation {
  pname = "ncurses";
  version = "6.4";

  src = unpack {
    name = "ncurses-source";
    src = fetchurl {
      name = "ncurses_6.4.orig.tar.gz";
      urls = [
        "https://ftp.gnu.org/gnu/ncurses/ncurses-6.4.tar.gz"
        "debian-source:ncurses/ncurses_6.4.orig.tar.gz"
      ];
      sha256 = "6931283d9ac87c5073f30b6290c4c75f21632bb4fc3603ac8100812bed248159";
    };
  };

  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--prefix=/usr"
    "--without-ada"
    "--without-cxx"
    "--without-cxx-binding"
    "--without-debug"
    "--without-manpages"
    "--without-progs"
    "--without-shared"
    "--without-tests"
    "--disable-db-install"
    "--disable-widec"
    "--with-fallbacks="
  ];

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" libs
  '';

  installPhase = ''
    make install.libs install.includes DESTDIR="$out"
  '';

  # It asks `ar` for the time of the build in libraries, where it can be had.
  postConfigure = ''
    sed -i 's/-curvU/-curv/' */Makefile
  '';

  # ncurses6-config.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "library for text interfaces on terminals";
    homepage = "https://invisible-island.net/ncurses/";
    license = "X11-distribute-modifications-variant";
    origin = "GNU";
  };
}
