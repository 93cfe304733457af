# Starts what packages say in `services`, in the order that they want: shell scripts
# below sysvinit, which have no other language than files in usr/lib/services. Another init
# takes its place with another renderer (builder/services).
{
  mkDerivation,
  sysvinit,
  toybox-system,
}:

let
  scripts = [
    "after-boot"
    "autologin"
    "boot"
    "console"
    "shutdown"
    "supervise"
    "tmpfiles"
  ];
in
mkDerivation {
  pname = "service-manager";
  version = "1";

  unpackPhase = "cp ${./run-as.c} run-as.c";
  configurePhase = "";
  buildPhase = ''
    $CC $CFLAGS -D_GNU_SOURCE $LDFLAGS -o run-as run-as.c
  '';
  installPhase = ''
    place=$out/usr/lib/service-manager
    mkdir -p "$out/etc" "$out/usr/bin" "$place"
    cp run-as "$place/"
    ${builtins.concatStringsSep "\n" (map (name: "cp ${./. + "/${name}"} \"$place/${name}\"") scripts)}
    cp ${./functions} "$place/functions"
    cp ${./service} "$out/usr/bin/service"
    cp ${./inittab} "$out/etc/inittab"
    echo chx > "$out/etc/hostname"
    : > "$out/etc/fstab"
    mkdir -p "$out/usr/lib/sysctl.d"
    # Who may send an echo request: everybody, without rights.
    echo 'net.ipv4.ping_group_range=0 2147483647' > "$out/usr/lib/sysctl.d/10-ping.conf"
    printf '\\s \\n \\l\n\n' > "$out/etc/issue"
    chmod 755 "$out/usr/bin/service" "$place"/*
    chmod 644 "$place/functions"
  '';

  # What needs a network waits for it, whichever service brings it up, if any does.
  services.network = {
    description = "what brings the network up was started";
    type = "internal";
    after = [ "dhcpcd" ];
  };

  runtime = [
    "/bin/sh"
    sysvinit
    toybox-system
  ];

  meta = {
    description = "starts, supervises and stops the services of packages";
    homepage = "https://github.com/slicer69/sysvinit";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
