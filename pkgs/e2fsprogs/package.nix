# The programs for ext2, ext3 and ext4, with libuuid and libblkid of their own.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "e2fsprogs";
  version = "1.47.2";

  src = unpack {
    name = "e2fsprogs-source";
    src = fetchurl {
      name = "e2fsprogs_1.47.2.orig.tar.gz";
      urls = [
        "https://www.kernel.org/pub/linux/kernel/people/tytso/e2fsprogs/v1.47.2/e2fsprogs-1.47.2.tar.gz"
        "debian-source:e2fsprogs/e2fsprogs_1.47.2.orig.tar.gz"
      ];
      sha256 = "6dcd67ff9d8b13274ba3f088e4318be4f5b71412cd863524423fc49d39a6371f";
    };
  };

  broken = if toolchain.compiler == "tcc" then "it asks for the version of gcc by a macro that it defines for gcc alone" else null;

  style = "autoconf";

  configureFlags = [
    "--enable-symlink-install"
    "--enable-relative-symlinks"
    "--enable-libuuid"
    "--enable-libblkid"
    "--enable-fsck"
    "--disable-backtrace"
    "--disable-fuse2fs"
    "--disable-rpath"
    "--disable-uuidd"
    "--without-libarchive"
    "--without-pthread"
    "--with-udev-rules-dir=no"
    "--with-crond-dir=no"
    "--with-systemd-unit-dir=no"
    "--enable-tls"
  ];

  doCheck = true;
  checkPhase = ''
    export MKE2FS_CONFIG=$PWD/misc/mke2fs.conf
    mkdir files
    echo 42 > files/answer
    ./misc/mke2fs -q -t ext4 -d files disk.img 4M
    ./e2fsck/e2fsck -fn disk.img
    test "$(./debugfs/debugfs -R 'cat /answer' disk.img 2> /dev/null)" = 42
  '';

  installPhase = ''
    make install install-libs DESTDIR="$out"
    # What would make sources of C for other packages, and messages of errors.
    rm -rf "$out"/usr/bin/compile_et "$out"/usr/bin/mk_cmds "$out"/usr/share/et "$out"/usr/share/ss
    rm -f "$out"/usr/share/man/man1/compile_et.1 "$out"/usr/share/man/man1/mk_cmds.1
    # They are for LVM, and bash.
    rm -f "$out"/usr/bin/e2scrub* "$out"/usr/share/man/man8/e2scrub* "$out"/etc/e2scrub.conf
  '';

  meta = {
    description = "programs that make, check and change ext2, ext3 and ext4";
    homepage = "https://e2fsprogs.sourceforge.net/";
    license = "GPL-2.0-only AND LGPL-2.0-only AND BSD-3-Clause AND MIT";
  };
}
