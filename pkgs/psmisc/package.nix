# killall, fuser, pstree, peekfd and prtstat.
{
  mkDerivation,
  fetchurl,
  unpack,
  ncurses,
}:

mkDerivation {
  pname = "psmisc";
  version = "23.7";

  src = unpack {
    name = "psmisc-source";
    src = fetchurl {
      url = "debian-source:psmisc/psmisc_23.7.orig.tar.xz";
      sha256 = "58c55d9c1402474065adae669511c191de374b0871eec781239ab400b907c327";
    };
  };

  libraries = [ ncurses ];
  style = "autoconf";

  # The second and third could only be tried on the machine itself.
  configureFlags = [
    "--disable-harden-flags"
    "ac_cv_func_malloc_0_nonnull=yes"
    "ac_cv_func_realloc_0_nonnull=yes"
  ];

  doCheck = true;
  checkPhase = ''
    src/prtstat "$$" | grep -q "^Process:"
    src/pstree "$$" | grep -q pstree
  '';

  meta = {
    description = "programs that show and signal processes";
    homepage = "https://gitlab.com/psmisc/psmisc";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
