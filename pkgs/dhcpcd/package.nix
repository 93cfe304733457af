# The client of DHCP for IPv4 and IPv6.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "dhcpcd";
  version = "10.1.0";

  src = unpack {
    name = "dhcpcd-source";
    src = fetchurl {
      url = "debian-source:dhcpcd/dhcpcd_10.1.0.orig.tar.gz";
      sha256 = "98b396730159902464714f1762da29fb19e748ede1ade3516f0aabc8059d9c4d";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # This file cannot include the header that declares it.
  postPatch = ''
    sed -i 's/^int if_getssid_wext(.*;/&\nint xsocket(int, int, int);/' src/if-linux-wext.c
  '';

  # No `configure` of autoconf: it takes other options.
  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--sysconfdir=/etc"
    "--localstatedir=/var"
    "--sbindir=/usr/bin"
    "--libexecdir=/usr/libexec"
    "--mandir=/usr/share/man"
    "--datadir=/usr/share"
    "--dbdir=/var/lib/dhcpcd"
    "--rundir=/run/dhcpcd"
    "--privsepuser=dhcpcd"
    "--without-udev"
    # Its filter knows the system calls of other C libraries: a client under musl is killed.
    "--disable-seccomp"
    "--disable-embedded"
  ];

  doCheck = true;
  checkPhase = ''
    src/dhcpcd --version | grep -q '^dhcpcd 10.1.0'
  '';

  # The scripts that dhcpcd calls.
  runtime = [ "/bin/sh" ];

  users.dhcpcd = {
    home = "/var/lib/dhcpcd";
    description = "dhcpcd's separated privileges";
  };
  tmpfiles = [
    {
      type = "d";
      path = "/var/lib/dhcpcd";
      mode = "0750";
    }
  ];
  services.dhcpcd = {
    description = "client of DHCP";
    command = "/usr/bin/dhcpcd --nobackground";
  };

  meta = {
    description = "client of DHCP for IPv4 and IPv6";
    homepage = "https://roy.marples.name/projects/dhcpcd";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
