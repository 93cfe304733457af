# A library that reads and writes GIF images, and its programs.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "giflib";
  version = "5.2.2";

  src = unpack {
    name = "giflib-source";
    src = fetchurl {
      url = "debian-source:giflib/giflib_5.2.2.orig.tar.gz";
      sha256 = "be7ffbd057cadebe2aa144542fd90c6838c6a083b5e8a9048b8ee3b66b29d5fb";
    };
  };

  style = "make";

  # Programs tell when they were compiled.
  postPatch = ''
    sed -i 's/__DATE__/"Feb 19 2024"/; s/__TIME__/"00:00:00"/' *.c
  '';

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" CC="$CC" AR="$AR" CFLAGS="-std=gnu99 $CFLAGS $LDFLAGS" SHELL=/bin/sh \
      libgif.a libutil.a gif2rgb gifbuild giffix giftext giftool gifclrmp gifecho
  '';

  doCheck = true;
  checkPhase = ''
    ./gifecho -t 42 | ./giftext | grep 'Screen Size - Width = 16, Height = 8'
  '';

  # `make install` would want a shared library, too.
  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib" "$out/usr/share/man/man1" "$out/usr/share/man/man7"
    for name in gif2rgb gifbuild giffix giftext giftool gifclrmp; do
      cp $name "$out/usr/bin/"
      cp doc/$name.1 "$out/usr/share/man/man1/"
    done
    cp gif_lib.h "$out/usr/include/"
    cp libgif.a "$out/usr/lib/"
    cp doc/giflib.7 "$out/usr/share/man/man7/"
  '';

  meta = {
    description = "library that reads and writes GIF images";
    homepage = "https://giflib.sourceforge.net/";
    license = "MIT";
  };
}
