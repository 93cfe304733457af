# The C library as a good compiler makes it: shared and static.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "musl";
  inherit (import ./source.nix { inherit fetchurl unpack; }) version src;

  # The library protects itself where it can, and must not before it has started.
  configurePhase = ''
    CC="$CC" CFLAGS="$CFLAGS" LDFLAGS= ./configure --prefix=/usr --syslibdir=/usr/lib \
      --target=${profile.triplet} --build=${profile.triplet} --disable-wrapper CROSS_COMPILE= \
      AR="$AR" RANLIB="$RANLIB"
  '';

  # Paths of files that are compiled relatively to where they are.
  buildPhase = ''
    make -j"$NIX_BUILD_CORES" AR="$AR" RANLIB="$RANLIB"
  '';

  installPhase = ''
    make install DESTDIR="$out" AR="$AR" RANLIB="$RANLIB"
    # An absolute link would lead out of a system that lies in a folder.
    ln -sf libc.so "$out/usr/lib/${profile.loader}"
  '';

  meta = {
    description = "C library for Linux, shared and static";
    homepage = "https://musl.libc.org/";
    license = "MIT";
    origin = "independent";
  };
}
