# A system to work in: what base-minimal has, a network, a clock, remote logins, editors,
# manual pages, archives. No program of GNU but make.
{
  mkDerivation,
  base-minimal,
  chrony,
  dhcpcd,
  less,
  libarchive,
  make,
  mandoc,
  mg,
  mksh,
  opendoas,
  openssh,
  tmux,
}:

mkDerivation {
  pname = "base-full";
  version = "1";

  broken = base-minimal.broken;

  unpackPhase = "";
  configurePhase = "";
  buildPhase = "";
  installPhase = ''
    mkdir -p "$out/etc/service-manager/enabled"
    for name in chronyd dhcpcd sshd; do : > "$out/etc/service-manager/enabled/$name"; done
  '';
  fixupPhase = "";

  # What the compiler of a set cannot make is no reason to do without the rest.
  runtime = builtins.filter (package: package.broken == null) [
    base-minimal
    chrony
    dhcpcd
    less
    libarchive
    make
    mandoc
    mg
    mksh
    opendoas
    openssh
    tmux
  ];

  meta = {
    description = "a system to work in, with a network and remote logins";
    homepage = "https://chimera-linux.org/docs/";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
