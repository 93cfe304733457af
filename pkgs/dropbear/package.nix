# A small server and client of SSH: one program under several names.
{
  mkDerivation,
  fetchurl,
  unpack,
  zlib,
}:

mkDerivation {
  pname = "dropbear";
  version = "2025.89";

  src = unpack {
    name = "dropbear-source";
    src = fetchurl {
      name = "dropbear_2025.89.orig.tar.bz2";
      urls = [
        "https://matt.ucc.asn.au/dropbear/releases/dropbear-2025.89.tar.bz2"
        "debian-source:dropbear/dropbear_2025.89.orig.tar.bz2"
      ];
      sha256 = "0d1f7ca711cfc336dc8a85e672cab9cfd8223a02fe2da0a4a7aeb58c9e113634";
    };
  };

  # OpenSSH has one of this name.
  apk.subpackages.scp = {
    paths = [ "usr/bin/scp" ];
    depends = [ "!openssh" ];
  };

  libraries = [ zlib ];
  style = "autoconf";

  configureFlags = [
    "--enable-bundled-libtom"
    "--disable-harden"
    "--disable-lastlog"
    "--disable-utmp"
    "--disable-utmpx"
    "--disable-wtmp"
    "--disable-wtmpx"
    "--disable-loginfunc"
    "--disable-pututline"
    "--disable-pututxline"
  ];
  makeFlags = [
    "PROGRAMS=dropbear dbclient dropbearkey dropbearconvert scp"
    "MULTI=1"
    "SCPPROGRESS=1"
  ];

  doCheck = true;
  checkPhase = ''
    ln -s dropbearmulti dropbearkey
    ./dropbearkey -t ed25519 -f key -C answer > public
    ./dropbearkey -y -f key > again
    grep '^ssh-ed25519 ' public | cut -d ' ' -f 2 > expected
    grep '^ssh-ed25519 ' again | cut -d ' ' -f 2 | cmp - expected
    test -s expected
    ln -s dropbearmulti dbclient
    ./dbclient -V 2>&1 | grep -q 2025.89
  '';

  services.dropbear = {
    description = "server of SSH";
    command = "/usr/bin/dropbear -F -R";
    waitsFor = [ "network" ];
  };
  tmpfiles = [
    {
      type = "d";
      path = "/etc/dropbear";
      mode = "0700";
    }
  ];

  meta = {
    description = "small server and client of SSH";
    homepage = "https://matt.ucc.asn.au/dropbear/dropbear.html";
    license = "MIT AND BSD-2-Clause AND LicenseRef-public-domain";
    origin = "independent";
  };
}
