# The Z shell.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
}:

mkDerivation {
  pname = "zsh";
  version = "5.9";

  src = unpack {
    name = "zsh-source";
    src = fetchurl {
      name = "zsh_5.9.orig.tar.xz";
      urls = [
        "https://www.zsh.org/pub/zsh-5.9.tar.xz"
        "debian-source:zsh/zsh_5.9.orig.tar.xz"
      ];
      sha256 = "9b8d1ecedd5b5e81fbf1918e876752a7dd948e05c1a0dba10ab863842d45acd5";
    };
  };

  libraries = [ ncurses ];

  style = "autoconf";
  configureFlags = [
    "--disable-cap"
    "--disable-dynamic"
    "--disable-gdbm"
    "--disable-pcre"
    "--enable-etcdir=/etc/zsh"
    "--enable-fndir=/usr/share/zsh/functions"
    "--enable-scriptdir=/usr/share/zsh/scripts"
    # No terminal is there to try it on.
    "--with-tcsetpgrp"
    "--with-term-lib=ncurses"
  ];

  doCheck = true;
  checkPhase = ''
    test "$(./Src/zsh -fc 'words=(seven six); print $((6 * 7)) ''${(o)words}')" = "42 seven six"
  '';

  # The manual is there without the program that makes it anew.
  installPhase = ''
    make install.bin install.fns install.man DESTDIR="$out"
    rm -f "$out"/usr/share/zsh/functions/test-repo-git-rebase-*
  '';

  # The function harden.
  runtime = [ "/bin/sh" ];

  lints.waive.build-path = "the completion of dkms names a folder of its users";

  meta = {
    description = "shell for interactive use, with completion";
    homepage = "https://www.zsh.org/";
    # The second is for some of the functions for completion.
    license = "MIT AND GPL-2.0-or-later";
    origin = "independent";
  };
}
