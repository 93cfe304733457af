# supervise, svscan, multilog and their relatives: an init's supervision of services.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "daemontools";
  version = "0.76";

  src = unpack {
    name = "daemontools-source";
    src = fetchurl {
      url = "debian-source:daemontools/daemontools_0.76.orig.tar.gz";
      sha256 = "a55535012b2be7a52dcd9eccabb9a198b13be50d0384143bd3b32b8710df4c1f";
    };
  };

  # What its makefile would find out by running programs: any Linux has the second
  # form of each.
  configurePhase = ''
    cd daemontools-0.76/src
    for header in direntry hasflock hasmkffo hassgact hassgprm haswaitp iopause select; do
      cp "$header.h2" "$header.h"
    done
    cp hasshsgr.h1 hasshsgr.h
    cp uint64.h1 uint64.h
    sed -i 's/^extern int errno;/#include <errno.h>/' error.h
  '';

  programs = [
    "envdir"
    "envuidgid"
    "fghack"
    "multilog"
    "pgrphack"
    "readproctitle"
    "setlock"
    "setuidgid"
    "softlimit"
    "supervise"
    "svc"
    "svok"
    "svscan"
    "svstat"
    "tai64n"
    "tai64nlocal"
  ];

  # It is C of 1989, and declares no functions of the libc.
  buildPhase = ''
    CFLAGS="$CFLAGS -std=gnu89 -D_GNU_SOURCE -include unistd.h -include stdlib.h -include sys/types.h -include grp.h -Wno-implicit-int"
    for source in *.c; do
      case $source in
        try*.c | chkshsgr.c | matchtest.c | x86cpuid.c) ;;
        *) $CC $CFLAGS -c "$source" ;;
      esac
    done
    mkdir programs
    for program in $programs; do
      mv "$program.o" programs/
    done
    $AR rc daemontools.a *.o
    $RANLIB daemontools.a
    for program in $programs; do
      $CC $CFLAGS $LDFLAGS -o "$program" "programs/$program.o" daemontools.a
    done
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 | ./tai64n | grep -q '^@4[0-9a-f]* 42$'
    mkdir variables log
    echo 42 > variables/ANSWER
    test "$(./envdir variables sh -c 'echo "$ANSWER"')" = 42
    echo 42 | ./multilog ./log
    test "$(cat log/current)" = 42
    mkdir service
    printf '#!/bin/sh\necho 42 > started\nexec sleep 100\n' > service/run
    chmod +x service/run
    ./supervise service &
    until test -e service/started; do sleep 1; done
    ./svstat service | grep -q '^service: up'
    ./svc -dx service
    wait
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp $programs "$out/usr/bin/"
  '';

  meta = {
    description = "programs that supervise services and rotate their logs";
    homepage = "https://cr.yp.to/daemontools.html";
    license = "LicenseRef-public-domain";
    origin = "independent";
  };
}
