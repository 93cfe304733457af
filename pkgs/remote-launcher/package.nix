# What a remote worker starts: the program that runs one sandbox there, and bubblewrap, both static.
{
  mkDerivation,
  bubblewrap,
}:

mkDerivation {
  pname = "remote-launcher";
  version = "1";

  unpackPhase = "cp ${./launch.c} launch.c";
  configurePhase = "";
  buildPhase = ''
    $CC $CFLAGS -D_GNU_SOURCE $LDFLAGS -static -o launch launch.c
  '';
  installPhase = ''
    mkdir -p "$out/usr/lib/chx"
    cp launch ${bubblewrap}/usr/bin/bwrap "$out/usr/lib/chx/"
  '';

  meta = {
    description = "program with which builds of chx run on remote workers";
    homepage = "https://github.com/bazelbuild/remote-apis";
    license = "BSD-2-Clause AND LGPL-2.1-or-later";
    origin = "independent";
  };
}
