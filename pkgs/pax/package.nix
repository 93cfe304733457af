# MirBSD's archiver: pax, cpio and tar.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "pax";
  version = "20240817";

  src = unpack {
    name = "pax-source";
    src = fetchurl {
      url = "debian-source:pax/pax_20240817.orig.tar.gz";
      sha256 = "e955d5d3af97aede0a3f463a9a59b83e8d1083aaf142eb6f388c549a7d182e6b";
    };
  };

  broken = if toolchain.libc == "musl" then "musl has no fts(3)" else null;

  configurePhase = "";

  # With names of its own for all but pax: archives are opened by another tar, too.
  buildPhase = ''
    sh Build.sh -r -tpax
  '';

  doCheck = true;
  checkPhase = ''
    echo 42 > answer
    ./pax -w -x ustar answer > answer.tar
    test "$(./pax -f answer.tar)" = answer
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp pax "$out/usr/bin/"
    cp mans/*.1 "$out/usr/share/man/man1/"
    ln -s pax "$out/usr/bin/paxcpio"
    ln -s pax "$out/usr/bin/paxtar"
  '';

  meta = {
    description = "archiver of POSIX, which is cpio and tar as well";
    homepage = "http://www.mirbsd.org/pax.htm";
    license = "BSD-3-Clause AND MirOS";
    origin = "MirOS";
  };
}
