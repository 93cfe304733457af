# The POSIX tools, all in one program. Its own build system wants bash and a
# configuration language; `generate.sh` makes the same headers with POSIX tools.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "toybox";
  version = "0.8.9";

  src = unpack {
    name = "toybox-source";
    src = fetchurl {
      url = "debian-source:toybox/toybox_0.8.9+dfsg.orig.tar.xz";
      sha256 = "16fb5967531e88ca33b8c9142376987617ebe52e34e2b3f3a779603674b7d07c";
    };
  };

  # All that builds and a shell script ask for, without awk, diff3, sh, vi and
  # what needs rights.
  commands = builtins.concatStringsSep " " [
    "basename bunzip2 bzcat cat chgrp chmod chown cksum cmp comm count cp cpio cut date dd diff dirname du"
    "echo egrep env expand expr false fgrep file find fold getconf grep groups gunzip gzip head hexdump"
    "hostname iconv id install kill link ln logname ls md5sum mkdir mkfifo mktemp mv nice nl nproc od paste"
    "patch printenv printf ps pwd readlink realpath rev rm rmdir sed seq sha1sum sha224sum sha256sum sha384sum"
    "sha512sum sleep sort split stat strings sync tac tail tar tee test time timeout touch tr true truncate"
    "tsort tty uname uniq unlink usleep uudecode uuencode wc which whoami xargs xxd yes zcat"
  ];

  # Not a constant expression in a declaration of an array without a size for tcc.
  patchPhase = ''
    sed -i 's/struct timespec times\[\]/struct timespec times[2]/' toys/lsb/gzip.c toys/posix/cp.c
  '';

  configurePhase = ''
    sh ${./generate.sh}
  '';

  buildPhase = ''
    alternatives=$(echo $commands | tr ' ' '|')
    $CC $CFLAGS -w -I. -funsigned-char -DQUIET= $LDFLAGS -o toybox \
      lib/*.c main.c $(grep -E -l "TOY[(]($alternatives)[ ,]" toys/*/*.c) -lm
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo 67 | ./toybox tr 67 42)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp toybox "$out/usr/bin/"
    # What it would print by itself, were it to run here.
    {
      echo '#include "generated/config.h"'
      echo '#define NEWTOY(name, options, flags) command name'
      echo '#define OLDTOY(name, older, flags) command name'
      cat generated/newtoys.h
    } > commands.c
    $CC_FOR_BUILD -I. -E commands.c | sed -n 's/^ *command \([^ ]*\)$/\1/p' | while read -r command; do
      test "$command" = toybox || ln -s toybox "$out/usr/bin/$command"
    done
  '';

  meta = {
    description = "the commands of a Unix system in one program";
    homepage = "https://landley.net/toybox/";
    license = "0BSD";
    origin = "independent";
  };
}
