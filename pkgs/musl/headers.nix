# The headers of the C library, which what the library is linked with is compiled
# against.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "musl-headers";
  inherit (import ./source.nix { inherit fetchurl unpack; }) version src;

  configurePhase = "";
  buildPhase = "";
  installPhase = ''
    make install-headers ARCH=${profile.musl} prefix=/usr DESTDIR="$out"
  '';

  meta = {
    description = "headers of the C library";
    homepage = "https://musl.libc.org/";
    license = "MIT";
    origin = "independent";
  };
}
