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

  # Without what packages of their own are for: blkid and uuidgen of e2fsprogs, killall of
  # psmisc, clear and reset of ncurses.
  commands = builtins.concatStringsSep " " [
    "arp blockdev chroot dmesg fallocate flock free fsync getopt getty hwclock ifconfig ionice"
    "klogd logger login losetup mkpasswd mkswap mknod mount mountpoint netcat netstat nohup nsenter partprobe"
    "pidof ping pivot_root renice route setsid stty su sulogin swapoff swapon switch_root sysctl"
    "syslogd test top traceroute umount unshare uptime vmstat w watch who"
  ];

  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # Passwords are compared by a library of their own in glibc.
  buildPhase =
    if toolchain.libc == "musl" then old.buildPhase else builtins.replaceStrings [ "-lm\n" ] [ "-lm -lcrypt\n" ] old.buildPhase;

  # musl has both headers, and not every compiler can be asked; its names of logs are macros.
  postPatch = ''
    # It would take the name of a user that there is none of from nowhere.
    sed -i "s/'%s' on %s %s%s\", pwd->pw_name,/'%s' on %s %s%s\", pwd ? pwd->pw_name : \"?\",/" toys/other/login.c
  ''
  + (
    if toolchain.libc == "musl" then
      ''
        sed -i 's/^#if __has_include(<\(shadow\|utmpx\).h>)/#if 1/' lib/portability.h
        sed -i '1i #define SYSLOG_NAMES' toys/pending/syslogd.c
      ''
    else
      ""
  );

  checkPhase = ''
    test "$(./toybox getopt -o a: -- -a 42 x)" = " -a '42' -- 'x'"
  '';

  postInstall = ''
    # A part of it that is always there calls it; the command is the other toybox's.
    rm "$out/usr/bin/test" "$out/usr/bin/["
    mv "$out/usr/bin/toybox" "$out/usr/bin/toybox-system"
    for link in "$out"/usr/bin/*; do
      if [ -L "$link" ]; then ln -sf toybox-system "$link"; fi
    done
    cp ${./passwd} "$out/usr/bin/passwd"
    chmod 755 "$out/usr/bin/passwd"
  '';

  runtime = [ "/bin/sh" ];

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
