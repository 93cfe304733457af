# The MirBSD Korn shell.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "mksh";
  version = "59c";

  src = unpack {
    name = "mksh-source";
    src = fetchurl {
      name = "mksh_59c.orig.tar.gz";
      urls = [
        "https://mbsd.evolvis.org/MirOS/dist/mir/mksh/mksh-R59c.tgz"
        "debian-source:mksh/mksh_59c.orig.tar.gz"
      ];
      sha256 = "77ae1665a337f1c48c61d6b961db3e52119b38e58884d1c89684af31f87bc506";
    };
  };

  configurePhase = "";

  buildPhase = ''
    sh Build.sh -r
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./mksh -c 'typeset -i x=6; echo $((x * 7))')" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp mksh "$out/usr/bin/"
    cp mksh.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "the MirBSD Korn shell";
    homepage = "http://www.mirbsd.org/mksh.htm";
    license = "MirOS";
    origin = "MirOS";
  };
}
