# The init of System V, and the programs that stop a machine. What it starts is said by
# etc/inittab, which service-manager has.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "sysvinit";
  version = "3.18";

  src = unpack {
    name = "sysvinit-source";
    src = fetchurl {
      name = "sysvinit_3.18.orig.tar.gz";
      url = "debian-source:sysvinit/sysvinit_3.18.orig.tar.gz";
      sha256 = "be9fdd55f2c1d1469a1f9d69e9d6abf47a2c0003df987b72605c653e92e5bb14";
    };
  };

  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  # Its makefile asks the machine that builds for the libraries of the one that runs it.
  configurePhase = ''
    cd src
    # What does not heed TERM, as shells at a terminal do, shall not hold a machine up for three seconds.
    sed -i 's/^#define WAIT_BETWEEN_SIGNALS 3 /#define WAIT_BETWEEN_SIGNALS 1 /' init.h
  '';
  buildPhase = ''
    compile() {
      name=$1
      shift
      $CC $CFLAGS -D_XOPEN_SOURCE -D_GNU_SOURCE -DVERSION='"3.18"' $LDFLAGS -o "$name" "$@"
    }
    compile init init.c utmp.c runlevellog.c -DINIT_MAIN
    compile halt halt.c ifdown.c hddown.c utmp.c runlevellog.c
    compile shutdown shutdown.c dowall.c utmp.c runlevellog.c
    compile runlevel runlevel.c runlevellog.c
    compile killall5 killall5.c
    compile wall wall.c dowall.c
    compile last last.c
    compile mesg mesg.c
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1" "$out/usr/share/man/man5" "$out/usr/share/man/man8"
    cp init halt shutdown runlevel killall5 wall last mesg "$out/usr/bin/"
    ln -s init "$out/usr/bin/telinit"
    ln -s halt "$out/usr/bin/poweroff"
    ln -s halt "$out/usr/bin/reboot"
    cd ../man
    cp last.1 mesg.1 wall.1 "$out/usr/share/man/man1/"
    cp inittab.5 "$out/usr/share/man/man5/"
    cp halt.8 init.8 killall5.8 poweroff.8 reboot.8 runlevel.8 shutdown.8 telinit.8 "$out/usr/share/man/man8/"
  '';

  meta = {
    description = "init of System V, and the programs that stop a machine";
    homepage = "https://github.com/slicer69/sysvinit";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
