# A small interpreter of JavaScript for programs to embed.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "mujs";
  version = "1.3.6";

  src = unpack {
    name = "mujs-source";
    src = fetchurl {
      url = "debian-source:mujs/mujs_1.3.6.orig.tar.xz";
      sha256 = "d52501cd9539e37ef95e8494323da25c7d10d3738cd95757cf71d248447dafa9";
    };
  };

  style = "make";
  buildPhase = ''
    make CC="$CC" AR="$AR" CFLAGS="$CFLAGS $LDFLAGS" OPTIM= HAVE_READLINE=no VERSION=1.3.6 prefix=/usr \
      build/release/mujs build/release/mujs-pp build/release/libmujs.a build/release/mujs.pc
  '';

  doCheck = true;
  checkPhase = ''
    echo 'print(6 * 7, "b,a".split(",").sort().join("-"));' > check.js
    test "$(./build/release/mujs check.js)" = '42 a-b'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp build/release/mujs build/release/mujs-pp "$out/usr/bin/"
    cp mujs.h "$out/usr/include/"
    cp build/release/libmujs.a "$out/usr/lib/"
    cp build/release/mujs.pc "$out/usr/lib/pkgconfig/"
  '';

  meta = {
    description = "small interpreter of JavaScript for programs to embed";
    homepage = "https://mujs.com/";
    license = "ISC";
  };
}
