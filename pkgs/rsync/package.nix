# rsync.
{
  mkDerivation,
  fetchurl,
  unpack,
  popt,
  zlib,
}:

mkDerivation {
  pname = "rsync";
  version = "3.5.0";

  src = unpack {
    name = "rsync-source";
    src = fetchurl {
      url = "debian-source:rsync/rsync_3.5.0+ds1.orig.tar.xz";
      sha256 = "d5de0c8a95b00e0f50038ba04526bcbd5fe4f3ff97b4035bb97b084398bfbb60";
    };
  };

  libraries = [
    popt
    zlib
  ];
  # The archive has been left without these folders, which `configure` looks for.
  prePatch = ''
    mkdir -p popt zlib
    touch popt/dummy.in zlib/dummy.in
  '';
  style = "autoconf";

  configureFlags = [
    "--without-included-zlib"
    "--without-included-popt"
    "--disable-md2man"
    "--disable-openssl"
    "--disable-xxhash"
    "--disable-zstd"
    "--disable-lz4"
    "--disable-acl-support"
    "--disable-xattr-support"
    "--disable-iconv"
    "--disable-iconv-open"
    "--disable-debug"
    "--with-nobody-user=nobody"
    "--with-nobody-group=nobody"
  ];

  doCheck = true;
  checkPhase = ''
    mkdir -p from/below
    echo 42 > from/below/answer
    ./rsync -a from/ to/
    test "$(cat to/below/answer)" = 42
    echo 43 > from/below/answer
    ./rsync -ac --delete from/ to/
    cmp from/below/answer to/below/answer
  '';

  # rsync-ssl, whose interpreter would have to be bash.
  postInstall = ''
    rm -f "$out/usr/bin/rsync-ssl" "$out/usr/share/man/man1/rsync-ssl.1"
  '';

  meta = {
    description = "program that copies files by what differs in them";
    homepage = "https://rsync.samba.org/";
    license = "GPL-3.0-or-later";
  };
}
