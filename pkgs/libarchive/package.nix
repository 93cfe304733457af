# bsdtar and libarchive.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
}:

mkDerivation {
  pname = "libarchive";
  version = "3.6.2";

  src = unpack {
    name = "libarchive-source";
    src = fetchurl {
      name = "libarchive_3.6.2.orig.tar.xz";
      urls = [
        "https://www.libarchive.org/downloads/libarchive-3.6.2.tar.xz"
        "debian-source:libarchive/libarchive_3.6.2.orig.tar.xz"
      ];
      sha256 = "9e2c1b80d5fbe59b61308fdfab6c79b5021d7ff4ff2489fb12daf0a96a83551d";
    };
  };

  # tcc packs structures as gcc does, but is not known to.
  patchPhase = ''
    sed -i 's/^#elif defined(__GNUC__)/#elif defined(__GNUC__) || defined(__TINYC__)/' libarchive/archive_blake2.h
  '';

  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--disable-shared"
    "--disable-acl"
    "--disable-xattr"
    "--disable-bsdcpio"
    "--disable-bsdcat"
    "--without-bz2lib"
    "--without-expat"
    "--without-iconv"
    "--without-libb2"
    "--without-lz4"
    "--without-lzma"
    "--without-nettle"
    "--without-openssl"
    "--without-xml2"
    "--without-zlib"
    "--without-zstd"
  ];

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" bsdtar libarchive.la
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    test "$(./bsdtar -cf - answer | ./bsdtar -xOf -)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib"
    cp bsdtar "$out/usr/bin/"
    cp libarchive/archive.h libarchive/archive_entry.h "$out/usr/include/"
    cp .libs/libarchive.a "$out/usr/lib/"
  '';

  meta = {
    description = "library and program that read and write archives";
    homepage = "https://libarchive.org/";
    # The choice of three is for BLAKE2.
    license = "BSD-2-Clause AND BSD-3-Clause AND (CC0-1.0 OR OpenSSL OR Apache-2.0)";
    origin = "FreeBSD";
  };
}
