# The NTP daemon chronyd and its client.
{
  mkDerivation,
  fetchurl,
  unpack,
  libedit,
  ncurses,
  profile,
}:

mkDerivation {
  pname = "chrony";
  version = "4.6.1";

  src = unpack {
    name = "chrony-source";
    src = fetchurl {
      name = "chrony_4.6.1.orig.tar.gz";
      urls = [
        "https://chrony-project.org/releases/chrony-4.6.1.tar.gz"
        "debian-source:chrony/chrony_4.6.1.orig.tar.gz"
      ];
      sha256 = "571ff73fbf0ae3097f0604eca2e00b1d8bb2e91affe1a3494785ff21d6199c5c";
    };
  };

  libraries = [
    libedit
    ncurses
  ];

  # Unless flags are given, `configure` asks for debugging information.
  preConfigure = ''
    export CFLAGS="''${CFLAGS:--O2}"
  '';

  # No `configure` of autoconf: it knows fewer options.
  configureFlags = [
    "--host-system=Linux"
    "--host-machine=${profile.machine}"
    "--sysconfdir=/etc"
    "--sbindir=/usr/bin"
    "--localstatedir=/var"
    "--chronyrundir=/run/chrony"
    "--with-pidfile=/run/chrony/chronyd.pid"
    "--with-user=chrony"
    # By default the beginning of what NTP's 32 bits of seconds mean is when it was built.
    "--with-ntp-era=1420070400"
    "--without-seccomp"
    "--without-nettle"
    "--without-gnutls"
    "--without-nss"
    "--without-tomcrypt"
    "--without-libcap"
  ];

  doCheck = true;
  checkPhase = ''
    printf 'server 192.0.2.1\nmakestep 1.0 3\n' > chrony.conf
    ./chronyd -p -f "$PWD/chrony.conf" | grep -q '^makestep 1.0 3$'
    ./chronyc -v | grep -q 4.6.1
  '';

  # They would be for this machine's state.
  installPhase = ''
    make install DESTDIR="$out" CHRONYRUNDIR=/run/chrony
    rm -rf "$out/var" "$out/run"
    mkdir -p "$out/etc"
    printf '%s\n' 'pool pool.ntp.org iburst' 'driftfile /var/lib/chrony/drift' 'makestep 1.0 3' > "$out/etc/chrony.conf"
  '';

  users.chrony = {
    home = "/var/lib/chrony";
  };
  tmpfiles = [
    {
      type = "d";
      path = "/var/lib/chrony";
      mode = "0750";
      owner = "chrony:chrony";
    }
  ];
  services.chronyd = {
    description = "NTP daemon";
    # It has no library to give rights away with and keep the clock.
    command = "/usr/bin/chronyd -n -u root";
    waitsFor = [ "network" ];
  };

  meta = {
    description = "client and server of the Network Time Protocol";
    homepage = "https://chrony-project.org/";
    license = "GPL-2.0-only";
    origin = "independent";
  };
}
