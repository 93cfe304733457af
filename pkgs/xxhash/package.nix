# xxhsum and the digests xxHash.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "xxhash";
  version = "0.8.3";

  src = unpack {
    name = "xxhash-source";
    src = fetchurl {
      url = "debian-source:xxhash/xxhash_0.8.3.orig.tar.gz";
      sha256 = "aae608dfe8213dfd05d909a57718ef82f30722c392344583d3f39050c7f29a80";
    };
  };

  style = "make";
  buildPhase = ''
    make -j"$NIX_BUILD_CORES" CC="$CC" AR="$AR" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" DISPATCH=0 PREFIX=/usr xxhsum libxxhash.a libxxhash.pc
  '';

  doCheck = true;
  checkPhase = ''
    test "$(printf abc | ./xxhsum -H1)" = "44bc2cf5ad770999  stdin"
    test "$(printf abc | ./xxhsum -H2)" = "06b05ab6733a618578af5f94892f3950  stdin"
  '';

  installPhase = ''
    make DESTDIR="$out" PREFIX=/usr DISPATCH=0 CC="$CC" AR="$AR" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" \
      install_libxxhash.a install_libxxhash.includes install_libxxhash.pc install_xxhsum install_man
  '';

  meta = {
    description = "digests that are fast before all, and no cryptography";
    homepage = "https://xxhash.com/";
    license = "BSD-2-Clause AND GPL-2.0-or-later";
    origin = "independent";
  };
}
