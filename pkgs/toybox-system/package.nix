# What a running system needs beside the tools of a build: file systems, networks, logins,
# logs. It is toybox once more, with other commands: the first is a part of bootstraps.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

(import ../toybox/package.nix { inherit mkDerivation fetchurl unpack; }).overrideAttrs (old: {
  pname = "toybox-system";

  commands = builtins.concatStringsSep " " [
    "arp blkid blockdev chroot clear dmesg fallocate flock free fsync getopt getty hwclock ifconfig ionice killall"
    "klogd logger login losetup mkpasswd mkswap mknod mount mountpoint netcat netstat nohup nsenter partprobe"
    "passwd pidof ping pivot_root renice reset route setsid stty su sulogin swapoff swapon switch_root sysctl"
    "syslogd test top traceroute umount unshare uptime uuidgen vmstat w watch who"
  ];

  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # Passwords are compared by a library of their own in glibc.
  buildPhase =
    if toolchain.libc == "musl" then old.buildPhase else builtins.replaceStrings [ "-lm\n" ] [ "-lm -lcrypt\n" ] old.buildPhase;

  # musl has both headers, and not every compiler can be asked; its names of logs are macros.
  postPatch =
    if toolchain.libc == "musl" then
      ''
        sed -i 's/^#if __has_include(<\(shadow\|utmpx\).h>)/#if 1/' lib/portability.h
        sed -i '1i #define SYSLOG_NAMES' toys/pending/syslogd.c
      ''
    else
      "";

  checkPhase = ''
    ./toybox uuidgen | grep -q '^[0-9a-f-]*$'
  '';

  postInstall = ''
    # A part of it that is always there calls it; the command is the other toybox's.
    rm "$out/usr/bin/test" "$out/usr/bin/["
    mv "$out/usr/bin/toybox" "$out/usr/bin/toybox-system"
    for link in "$out"/usr/bin/*; do
      if [ -L "$link" ]; then ln -sf toybox-system "$link"; fi
    done
  '';

  services = {
    syslogd = {
      description = "writes what programs log to /var/log/messages";
      command = "/usr/bin/syslogd -n -O /var/log/messages";
      enable = true;
    };
    klogd = {
      description = "logs what the kernel says";
      command = "/usr/bin/klogd -n";
      waitsFor = [ "syslogd" ];
      enable = true;
    };
  };

  meta = old.meta // {
    description = "file systems, networks, logins and logs, all in one program";
  };
})
