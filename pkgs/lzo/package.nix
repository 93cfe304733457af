# A library for compression that is fast before all.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lzo";
  version = "2.10";

  src = unpack {
    name = "lzo-source";
    src = fetchurl {
      name = "lzo2_2.10.orig.tar.gz";
      urls = [
        "https://www.oberhumer.com/opensource/lzo/download/lzo-2.10.tar.gz"
        "debian-source:lzo2/lzo2_2.10.orig.tar.gz"
      ];
      sha256 = "c0f892943208266f9b6543b3ae308fab6284c5c90e627931446fb49b4221a072";
    };
  };

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    make lzotest/lzotest
    ./lzotest/lzotest -q -mlzo COPYING
  '';

  meta = {
    description = "library for compression that is fast before all";
    homepage = "https://www.oberhumer.com/opensource/lzo/";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
