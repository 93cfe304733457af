# The fast compressor lz4 and its library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lz4";
  version = "1.10.0";

  src = unpack {
    name = "lz4-source";
    src = fetchurl {
      url = "debian-source:lz4/lz4_1.10.0.orig.tar.gz";
      sha256 = "537512904744b35e232912055ccf8ec66d768639ff3abe5788d90d792ec5f48b";
    };
  };

  style = "make";
  makeFlags = [ "BUILD_SHARED=no" ];

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./lz4 -c | ./lz4 -dc)" = 42
  '';

  meta = {
    description = "compressor that is fast before all, and its library";
    homepage = "https://lz4.org/";
    license = "BSD-2-Clause AND GPL-2.0-or-later";
    origin = "independent";
  };
}
