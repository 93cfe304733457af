# BSD's message digests, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "libmd";
  version = "1.1.0";

  src = unpack {
    name = "libmd-source";
    src = fetchurl {
      name = "libmd_1.1.0.orig.tar.xz";
      urls = [
        "https://libbsd.freedesktop.org/releases/libmd-1.1.0.tar.xz"
        "debian-source:libmd/libmd_1.1.0.orig.tar.xz"
      ];
      sha256 = "1bd6aa42275313af3141c7cf2e5b964e8b1fd488025caf2f971f43b00776b332";
    };
  };

  style = "autoconf";

  # SHA-224 is SHA-256 by other names.
  broken = if toolchain.compiler == "tcc" then "tcc makes no functions that are others' names" else null;

  doCheck = true;

  meta = {
    description = "digests of the BSDs: MD5, SHA-1, SHA-2, RIPEMD-160";
    homepage = "https://www.hadrons.org/software/libmd/";
    license = "BSD-3-Clause AND BSD-2-Clause AND ISC AND Beerware AND LicenseRef-public-domain";
    origin = "independent";
  };
}
