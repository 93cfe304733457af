# Unicode: normal forms, cases and properties, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "utf8proc";
  version = "2.8.0";

  src = unpack {
    name = "utf8proc-source";
    src = fetchurl {
      url = "debian-source:utf8proc/utf8proc_2.8.0.orig.tar.gz";
      sha256 = "a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc";
    };
  };

  style = "make";
  makeFlags = [
    "prefix=/usr"
    "libutf8proc.a"
    "libutf8proc.pc"
  ];

  doCheck = true;
  checkPhase = ''
    for test in case charwidth valid iterate; do
      make CC="$CC" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" test/$test
      test/$test
    done
  '';

  # `make install` is for the shared library, too.
  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp utf8proc.h "$out/usr/include/"
    cp libutf8proc.a "$out/usr/lib/"
    sed 's/UTF8PROC_EXPORTS/UTF8PROC_STATIC/' libutf8proc.pc > "$out/usr/lib/pkgconfig/libutf8proc.pc"
  '';

  meta = {
    description = "library for the normal forms, cases and properties of Unicode";
    homepage = "https://juliastrings.github.io/utf8proc/";
    license = "MIT AND Unicode-DFS-2015";
    origin = "independent";
  };
}
