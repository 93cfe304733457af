# socat.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "socat";
  version = "1.8.0.3";

  src = unpack {
    name = "socat-source";
    src = fetchurl {
      url = "debian-source:socat/socat_1.8.0.3.orig.tar.bz2";
      sha256 = "01eb017361d95bb3a6941e840b59e4463a3fabf92df4154ed02b16a2ed6a0095";
    };
  };

  style = "autoconf";

  configureFlags = [
    "--disable-openssl"
    "--disable-readline"
    "--disable-libwrap"
  ]
  # It declares what is GNU's to gcc alone.
  ++ (if toolchain.compiler == "tcc" then [ "CPPFLAGS=-D_GNU_SOURCE" ] else [ ]);

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | ./socat - EXEC:cat)" = 42
    ./socat -u OPEN:VERSION CREATE:copy
    cmp VERSION copy
  '';

  # Examples for the shell, which other packages have no use for.
  postInstall = ''
    rm -f "$out"/usr/bin/socat-*.sh
  '';

  meta = {
    description = "relay between two streams of bytes of any kind";
    homepage = "http://www.dest-unreach.org/socat/";
    license = "GPL-2.0-only";
  };
}
