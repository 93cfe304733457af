# mksquashfs and unsquashfs.
{
  mkDerivation,
  fetchurl,
  unpack,
  xz,
  zlib,
  zstd,
}:

mkDerivation {
  pname = "squashfs-tools";
  version = "4.6.1";

  src = unpack {
    name = "squashfs-tools-source";
    src = fetchurl {
      url = "debian-source:squashfs-tools/squashfs-tools_4.6.1.orig.tar.gz";
      sha256 = "94201754b36121a9f022a190c75f718441df15402df32c2b520ca331a107511c";
    };
  };

  libraries = [
    zlib
    zstd
  ];

  # By its path: the files of a seed may have an xz of their own at /usr.
  byPath = [ xz ];
  preBuild = ''
    export CFLAGS="$CFLAGS -I${xz}/usr/include"
    export LDFLAGS="$LDFLAGS -L${xz}/usr/lib"
  '';

  configurePhase = "cd squashfs-tools";

  # CFLAGS come from the environment, and the makefile adds to them.
  style = "make";
  makeVariables = [
    "CC"
    "LDFLAGS"
  ];
  makeFlags = [
    "XZ_SUPPORT=1"
    "ZSTD_SUPPORT=1"
  ];

  doCheck = true;
  checkPhase = ''
    mkdir files
    echo 42 > files/answer
    for compressor in gzip xz zstd; do
      ./mksquashfs files "$compressor.img" -comp "$compressor" -no-progress -quiet
      test "$(./unsquashfs -cat "$compressor.img" answer)" = 42
    done
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp mksquashfs unsquashfs "$out/usr/bin/"
    ln -s mksquashfs "$out/usr/bin/sqfstar"
    ln -s unsquashfs "$out/usr/bin/sqfscat"
    cp ../manpages/*.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "programs that make and unpack SquashFS file systems";
    homepage = "https://github.com/plougher/squashfs-tools";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
