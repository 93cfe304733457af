{
  lib,
  stdenv,
  fetchurl,
  fetchpatch,
  buildPackages,
  pkg-config,
  perl,
  zlib,
  openssl ? null,
  libssh2,
  nghttp2,
  brotliSupport ? false,
  brotli ? null,
  http2Support ? true,
  opensslSupport ? true,
  zlibSupport ? true,
  enableStatic ? stdenv.hostPlatform.isStatic,
  ...
}@args:

assert opensslSupport -> openssl != null;
assert brotliSupport -> brotli != null;

stdenv.mkDerivation (finalAttrs: {
  pname = "transfer";
  version = "8.9.1";

  src = fetchurl {
    urls = [
      "https://example.org/download/transfer-${finalAttrs.version}.tar.xz"
      "https://example.com/releases/download/transfer-${
        builtins.replaceStrings [ "." ] [ "_" ] finalAttrs.version
      }/transfer-${finalAttrs.version}.tar.xz"
    ];
    hash = "sha256-4nv+pVpkmmMGOq/Bk1PgEUaYCnaWI2Yjf9UqDbqcqB0=";
  };

  patches = [
    # Fixes the order of the protocols.
    ./protocols.patch
    ../shared/no-network-in-tests.patch
    (fetchpatch {
      name = "CVE-2024-0000.patch";
      url = "https://example.org/patch/0123456789abcdef0123456789abcdef01234567.patch";
      hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
      excludes = [ "docs/*" ];
    })
  ] ++ lib.optional stdenv.hostPlatform.isDarwin ./darwin.patch;

  outputs = [ "bin" "dev" "out" "man" "devdoc" ];
  separateDebugInfo = stdenv.hostPlatform.isLinux;
  enableParallelBuilding = true;
  strictDeps = true;

  nativeBuildInputs = [ pkg-config perl ];

  propagatedBuildInputs =
    lib.optional http2Support nghttp2
    ++ lib.optional zlibSupport zlib
    ++ lib.optional opensslSupport openssl
    ++ lib.optionals brotliSupport [ brotli libssh2 ];

  postPatch = ''
    patchShebangs scripts
    substituteInPlace configure \
      --replace-fail '/usr/bin' "" \
      --replace-fail 'LDFLAGS="-L/usr/lib"' 'LDFLAGS=""'
  '';

  configureFlags = [
    "--disable-manual"
    (lib.enableFeature enableStatic "static")
    (lib.withFeatureAs opensslSupport "openssl" (lib.getDev openssl))
    (lib.withFeatureAs brotliSupport "brotli" (lib.getDev brotli))
    "--with-ca-path=${if stdenv.hostPlatform.isDarwin then "/etc/ssl" else "/etc/ssl/certs"}"
  ] ++ lib.optionals (stdenv.buildPlatform != stdenv.hostPlatform) [
    "--with-random=/dev/urandom"
    "ac_cv_func_malloc_0_nonnull=yes"
  ];

  CXX = "${stdenv.cc.targetPrefix}c++";
  CXXCPP = "${stdenv.cc.targetPrefix}c++ -E";

  doCheck = true;
  preCheck = ''
    patchShebangs tests/
  '' + lib.optionalString stdenv.hostPlatform.isDarwin ''
    # bad interaction with sandbox if enabled?
    rm tests/data/test1453
    rm -f tests/data/test{1086,1592}
  '' + lib.optionalString stdenv.hostPlatform.isMusl ''
    # different resolving behaviour?
    rm tests/data/test1592
  '';

  postInstall = ''
    moveToOutput bin/transfer-config "$dev"

    # Install completions
    make -C scripts install
    for section in 1 3; do
      mkdir -p "$man/share/man/man$section"
      cp docs/*."$section" "$man/share/man/man$section/"
    done
    ${lib.optionalString (!enableStatic) ''
      ln -s libtransfer.so.4 $out/lib/libtransfer''${suffix:-}.so.3
      test "$(ls $out/lib | wc -l)" -ge ''$minimum
    ''}
  '';

  passthru =
    let
      useThisVersion = attr: attr.override { transfer = finalAttrs.finalPackage; };
    in
    {
      inherit opensslSupport openssl;
      tests = {
        withCheck = finalAttrs.finalPackage.overrideAttrs (_: { doCheck = true; });
        static = useThisVersion buildPackages.static;
        inherit (buildPackages.tests) pkg-config;
      };
      updateScript = [ ./update.sh "transfer" ];
    };

  meta = with lib; {
    changelog = "https://example.org/changes.html#${builtins.replaceStrings [ "." ] [ "_" ] finalAttrs.version}";
    description = "A command line tool for transferring files with URL syntax";
    homepage = "https://example.org/";
    license = licenses.curl;
    maintainers = with maintainers; [ ada grace ];
    mainProgram = "transfer";
    platforms = platforms.all;
    # Fails to link or run with insufficient features
    broken = stdenv.hostPlatform.isStatic && !enableStatic || args ? broken && args.broken;
    priority = 10;
  };
})
