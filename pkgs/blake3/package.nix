# The digest BLAKE3, upstream's implementation in C.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  toolchain,
}:

let
  # What the compiler knows of the machine's instructions for several words at once.
  isSimd = builtins.elem toolchain.compiler [
    "clang"
    "gcc"
  ];
  perMachine = {
    aarch64 = "blake3_neon.c";
    x86_64 = "blake3_sse2_x86-64_unix.S blake3_sse41_x86-64_unix.S blake3_avx2_x86-64_unix.S blake3_avx512_x86-64_unix.S";
  };
in
mkDerivation {
  pname = "blake3";
  version = "1.3.1";

  # The sources of the crate, which the archive packs as a package for each machine.
  src = unpack {
    name = "blake3-source";
    strip = 5;
    src = fetchurl {
      url = "debian:rust-blake3/librust-blake3-dev_1.3.1-1_amd64.deb";
      sha256 = "48affb9072bf90eb2bd92f31c95d73d89117413112f367c2ab5c0425cbff2b76";
    };
  };

  postPatch = ''
    cd c
  ''
  + (
    if isSimd then
      ""
    else
      ''
        sed -i 's/defined(__x86_64__)/0/; s/defined(__aarch64__)/0/' blake3_impl.h
      ''
  );

  configurePhase = "";

  sources = "blake3.c blake3_dispatch.c blake3_portable.c ${if isSimd then perMachine.${profile.name} or "" else ""}";
  buildPhase = ''
    for file in $sources; do $CC $CFLAGS -c "$file"; done
    $AR rc libblake3.a *.o
    $RANLIB libblake3.a
  '';

  # Of nothing, and of what is long enough for all ways: 100000 bytes 'a'.
  doCheck = true;
  checkPhase = ''
    $CC $CFLAGS $LDFLAGS -o try example.c libblake3.a
    test "$(./try < /dev/null)" = af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262
    test "$(awk 'BEGIN { for (i = 0; i < 100000; i++) printf "a" }' | ./try)" = 4d593f58529cc720a92d1a3c4e0d0f05929bee0bc6e4cc0ede9476ff59c71536
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp blake3.h "$out/usr/include/"
    cp libblake3.a "$out/usr/lib/"
    printf '%s\n' 'Name: blake3' 'Description: digest BLAKE3' "Version: $version" 'Libs: -lblake3' 'Cflags:' \
      > "$out/usr/lib/pkgconfig/libblake3.pc"
  '';

  meta = {
    description = "digests that are fast and cryptographic, as a library";
    homepage = "https://github.com/BLAKE3-team/BLAKE3";
    license = "CC0-1.0 OR Apache-2.0";
    origin = "independent";
  };
}
