# strace.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "strace";
  version = "6.1";

  src = unpack {
    name = "strace-source";
    src = fetchurl {
      url = "debian-source:strace/strace_6.1.orig.tar.xz";
      sha256 = "2579e9cec37dbb786f6ea0bebd15f40dd561ef2bde2a2a2ecdce5963b01859fd";
    };
  };

  broken = if toolchain.compiler == "tcc" then "tcc preprocesses no file that has the name of a header" else null;

  style = "autoconf";

  configureFlags = [
    "--enable-bundled=yes"
    "--enable-mpers=no"
    "--enable-stacktrace=no"
    "--disable-gcc-Werror"
  ];

  doCheck = true;
  checkPhase = ''
    src/strace -V | grep -q '^strace -- version 6.1'
  '';

  # strace-log-merge; strace-graph would need perl.
  runtime = [ "/bin/sh" ];
  postInstall = ''
    rm -f "$out/usr/bin/strace-graph"
  '';

  meta = {
    description = "program that shows the system calls of others";
    homepage = "https://strace.io/";
    license = "LGPL-2.1-or-later";
  };
}
