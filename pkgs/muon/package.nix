# Meson, written in C, with the ninja that it needs. It compiles a small one of itself
# first, which then builds it as any other project.
{
  mkDerivation,
  fetchurl,
  unpack,
  pkgconf,
  toolchain,
}:

mkDerivation {
  pname = "muon";
  version = "0.4.0";

  src = unpack {
    name = "muon-source";
    src = fetchurl {
      url = "debian-source:muon-meson/muon-meson_0.4.0.orig.tar.gz";
      sha256 = "9121f2521fb5037a87a922573b7fd886f0c4e7eb17696dd80901d810b9b56609";
    };
  };

  tools = [ pkgconf ];
  libraries = [ pkgconf ];

  broken = if toolchain.compiler == "tcc" then "tcc does not take its arrays of compound literals" else null;

  configurePhase = ''
    $CC_FOR_BUILD -O1 -Iinclude -DBOOTSTRAP_HAVE_LIBPKGCONF -I/usr/include/pkgconf -o small src/amalgam.c -lpkgconf
    ./small setup -Dprefix=/usr -Dbuildtype=plain -Dstatic=true -Dlibcurl=disabled -Dlibarchive=disabled -Dlibpkgconf=enabled -Ddocs=disabled build
  '';
  buildPhase = ''
    ./small -C build samu -j "$NIX_BUILD_CORES"
  '';
  doCheck = true;
  checkPhase = ''
    mkdir test
    printf "project('x', 'c')\\nmessage('answer', 6 * 7)\\n" > test/meson.build
    cd test
    ../build/muon setup build > said 2>&1 || true
    cat said
    grep -q 42 said
    cd ..
  '';
  installPhase = ''
    DESTDIR="$out" ./small -C build install
  '';

  meta = {
    description = "implementation of the build system Meson in C";
    homepage = "https://muon.build/";
    license = "GPL-3.0-only";
    origin = "independent";
  };
}
