# A small engine for JavaScript.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "quickjs";
  version = "2025.04.26";

  src = unpack {
    name = "quickjs-source";
    src = fetchurl {
      url = "debian-source:quickjs/quickjs_2025.04.26.orig.tar.xz";
      sha256 = "ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe";
    };
  };

  broken = if toolchain.compiler == "tcc" then "tcc has no integers of 128 bits" else null;

  configurePhase = "";

  # `qjsc` compiles what `qjs` reads lines with to bytecode.
  buildPhase = ''
    parts="quickjs dtoa libregexp libunicode cutils quickjs-libc"
    define="-fwrapv -D_GNU_SOURCE -DCONFIG_VERSION=\"2025-04-26\" -DCONFIG_CC=\"cc\" -DCONFIG_PREFIX=\"/usr\""
    $CC_FOR_BUILD $define -o qjsc-build qjsc.c $(printf '%s.c ' $parts) -lm -lpthread
    ./qjsc-build -s -c -o repl.c -m repl.js
    for name in $parts qjs qjsc repl; do
      $CC $CFLAGS $define -c $name.c
    done
    "$AR" rc libquickjs.a $(printf '%s.o ' $parts)
    "$RANLIB" libquickjs.a
    $CC $CFLAGS $LDFLAGS -o qjs qjs.o repl.o libquickjs.a -lm -lpthread
    $CC $CFLAGS $LDFLAGS -o qjsc qjsc.o libquickjs.a -lm -lpthread
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./qjs -e 'console.log(6 * 7, 2n ** 70n, [3, 1, 2].sort().join("-"))')" = "42 1180591620717411303424 1-2-3"
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include/quickjs" "$out/usr/lib/quickjs"
    cp qjs qjsc "$out/usr/bin/"
    cp quickjs.h quickjs-libc.h "$out/usr/include/quickjs/"
    cp libquickjs.a "$out/usr/lib/quickjs/"
  '';

  meta = {
    description = "small engine for JavaScript";
    homepage = "https://bellard.org/quickjs/";
    license = "MIT";
    origin = "independent";
  };
}
