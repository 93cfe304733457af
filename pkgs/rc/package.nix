# Plan 9's shell.
{
  mkDerivation,
  fetchurl,
  unpack,
  byacc,
}:

mkDerivation {
  pname = "rc";
  version = "1.7.4";

  src = unpack {
    name = "rc-source";
    src = fetchurl {
      url = "debian-source:rc/rc_1.7.4+97.gceb59bb.orig.tar.xz";
      sha256 = "b7607bcdf428264433b9442091a00cc0afd465ad2d860d5084c4591b577adeee";
    };
  };

  tools = [ byacc ];

  # The archive is a snapshot, and has no configure: this is what it would say of any Linux.
  configurePhase = ''
    for name in DEV_FD DIRENT_H GETGROUPS LIMITS_H LSTAT MKFIFO FIFO POSIX_GETGROUPS RESTARTABLE_SYSCALLS RLIM_T SETPGRP SETRLIMIT SIGACTION \
      SIGSETJMP SIG_ATOMIC_T STRERROR SYS_RESOURCE_H SYS_TIME_H SYS_TYPES_H SYS_WAIT_H UNISTD_H; do
      echo "#define HAVE_$name 1"
    done > config.h
    cat >> config.h <<EOF
    #define SETPGRP_VOID 1
    #define STDC_HEADERS 1
    #define GETGROUPS_T gid_t
    #define HASH_BANG 1
    #define PROTECT_ENV 1
    #define RC_ECHO 1
    #define RC_JOB 1
    #define DEFAULTINTERP "/bin/sh"
    #define DEFAULTPATH "/usr/bin", "/bin"
    #define PACKAGE "rc"
    #define VERSION "$version"
    #define DESCRIPTION "static"
    EOF
    echo 'const char id[] = "@(#)rc version '"$version"'";' > version.c
  '';

  # Numbers of signals and of statuses are those of Linux, here and there.
  buildPhase = ''
    $CC_FOR_BUILD -o make-signals mksignal.c
    $CC_FOR_BUILD -o make-statuses mkstatval.c
    ./make-signals
    ./make-statuses > statval.h
    yacc -d -o parse.c parse.y
    $CC $CFLAGS -D_GNU_SOURCE -DHAVE_CONFIG_H -I. $LDFLAGS -o rc builtins.c edit-null.c except.c exec.c fn.c footobar.c getopt.c glob.c glom.c hash.c \
      heredoc.c input.c lex.c list.c main.c match.c nalloc.c open.c parse.c print.c redir.c signal.c sigmsgs.c status.c system-bsd.c \
      tree.c utils.c var.c wait.c walk.c which.c
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./rc -c 'words = (six seven); fn f { echo $2 $1 }; f $words; echo a^(b c)')" = "$(printf 'seven six\nab ac')"
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp rc "$out/usr/bin/"
    cp rc.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "shell of Plan 9, made anew for Unix";
    homepage = "https://github.com/rakitzis/rc";
    license = "Zlib";
    origin = "independent";
  };
}
