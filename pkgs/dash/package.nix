# The shell, small enough to be compiled by one command.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "dash";
  version = "0.5.12";

  src = unpack {
    name = "dash-source";
    src = fetchurl {
      name = "dash_0.5.12.orig.tar.gz";
      urls = [
        "http://gondor.apana.org.au/~herbert/dash/files/dash-0.5.12.tar.gz"
        "debian-source:dash/dash_0.5.12.orig.tar.gz"
      ];
      sha256 = "6a474ac46e8b0b32916c4c60df694c82058d3297d8b385b74508030ca4a8f28a";
    };
  };

  configurePhase = ''
    cd src
    rm Makefile.am Makefile.in
    cp ${./config.h} config.h
    flags="-I. -include config.h -DBSD=1 -DSHELL -DJOBS=0"
    # The order is that of upstream's Makefile: the generated `init` keeps it.
    sources="alias.c arith_yacc.c arith_yylex.c cd.c error.c eval.c exec.c expand.c
      histedit.c input.c jobs.c mail.c main.c memalloc.c miscbltin.c mystring.c options.c
      parser.c redir.c show.c trap.c output.c bltin/printf.c system.c bltin/test.c
      bltin/times.c var.c"
  '';

  buildPhase = ''
    sh mktokens
    cp builtins.def.in builtins.c
    $CC $flags -E builtins.c | sed '/^#/d' > builtins.def
    sh mkbuiltins builtins.def
    for generator in mkinit mksyntax mknodes mksignames; do
      $CC_FOR_BUILD $flags -DGENERATOR -o $generator $generator.c
    done
    ./mkinit $sources
    ./mknodes nodetypes nodes.c.pat
    ./mksyntax
    ./mksignames
    $CC $CFLAGS $flags $LDFLAGS -o dash $sources builtins.c init.c nodes.c signames.c syntax.c
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./dash -c 'echo $((6 * 7))')" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp dash "$out/usr/bin/"
    ln -s dash "$out/usr/bin/sh"
  '';

  meta = {
    description = "the Debian Almquist shell, small and POSIX";
    homepage = "http://gondor.apana.org.au/~herbert/dash/";
    # The table of signals is what a program of bash prints.
    license = "BSD-3-Clause AND GPL-2.0-or-later";
    origin = "NetBSD";
  };
}
