# Client and server of SSH, with the cryptography that they bring: keys are Ed25519,
# ciphers are ChaCha20-Poly1305 and AES-CTR.
{
  mkDerivation,
  fetchurl,
  unpack,
  libedit,
  ncurses,
  zlib,
}:

mkDerivation {
  pname = "openssh";
  version = "10.0p1";
  apk.version = "10.0_p1";

  src = unpack {
    name = "openssh-source";
    src = fetchurl {
      name = "openssh_10.0p1.orig.tar.gz";
      urls = [
        "https://cdn.openbsd.org/pub/OpenBSD/OpenSSH/portable/openssh-10.0p1.tar.gz"
        "debian-source:openssh/openssh_10.0p1.orig.tar.gz"
      ];
      sha256 = "021a2e709a0edf4250b1256bd5a9e500411a90dddabea830ed59cef90eb9d85c";
    };
  };

  libraries = [
    libedit
    ncurses
    zlib
  ];
  style = "autoconf";

  configureFlags = [
    "--sysconfdir=/etc/ssh"
    "--libexecdir=/usr/libexec/openssh"
    "--with-privsep-path=/var/empty"
    "--with-privsep-user=sshd"
    "--with-pid-dir=/run"
    "--with-default-path=/usr/bin:/bin"
    "--with-mantype=doc"
    "--with-libedit=yes"
    "--without-openssl"
    "--without-hardening"
    "--without-stackprotect"
    "--without-rpath"
    "--without-pie"
    "--disable-strip"
    "--disable-pkcs11"
    "--disable-security-key"
    "--disable-lastlog"
    "--disable-utmp"
    "--disable-utmpx"
    "--disable-wtmp"
    "--disable-wtmpx"
    "LIBS=-lncurses"
  ];

  doCheck = true;
  checkPhase = ''
    ./ssh-keygen -q -t ed25519 -N "" -C answer -f key
    echo 42 > file
    ./ssh-keygen -q -Y sign -f key -n file file
    ./ssh-keygen -Y check-novalidate -n file -s file.sig < file | grep -q '^Good "file" signature'
    echo 43 > file
    ! ./ssh-keygen -Y check-novalidate -n file -s file.sig < file > failed 2>&1
  '';

  # `make install` would make keys of the host, and set a mode.
  installPhase = ''
    sed -i 's/-m 4711/-m 0755/' Makefile
    make install-nokeys DESTDIR="$out"
    rm -rf "$out/var"
  '';

  modes."usr/libexec/openssh/ssh-keysign" = {
    mode = "4711";
  };
  users.sshd = {
    description = "sshd's separated privileges";
  };
  services.sshd = {
    description = "server of SSH";
    command = "/usr/bin/sshd -D -e";
    dependsOn = [ "sshd-keys" ];
    waitsFor = [ "network" ];
  };
  services.sshd-keys = {
    description = "the keys of this machine, made when it starts first";
    type = "scripted";
    command = "/usr/bin/ssh-keygen -A";
  };

  meta = {
    description = "client and server of SSH, of OpenBSD";
    homepage = "https://www.openssh.com/";
    license = "SSH-OpenSSH AND BSD-2-Clause AND BSD-3-Clause AND ISC AND MIT";
  };
}
