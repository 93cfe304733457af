# tini, the first process of a container.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "tini";
  version = "0.19.0";

  src = unpack {
    name = "tini-source";
    src = fetchurl {
      url = "debian-source:tini/tini_0.19.0.orig.tar.gz";
      sha256 = "0fd35a7030052acd9f58948d1d900fe1e432ee37103c5561554408bdac6bbf0d";
    };
  };

  # CMake would only fill in the version, and link.
  configurePhase = ''
    sed -e 's/@tini_VERSION_MAJOR@/0/' -e 's/@tini_VERSION_MINOR@/19/' -e 's/@tini_VERSION_PATCH@/0/' \
      -e 's/@tini_VERSION_GIT@//' src/tiniConfig.h.in > tiniConfig.h
    # musl declares basename() there.
    sed -i 's/^#include <string.h>/&\n#include <libgen.h>/' src/tini.c
  '';

  style = "command";
  preBuild = ''
    CFLAGS="$CFLAGS -I. -std=gnu99"
  '';
  sources = [ "src/tini.c" ];

  doCheck = true;
  checkPhase = ''
    test "$(./tini -s -- echo 42)" = 42
    status=0
    ./tini -s -- sh -c 'exit 7' || status=$?
    test "$status" = 7
  '';

  meta = {
    description = "small first process of a container";
    homepage = "https://github.com/krallin/tini";
    license = "MIT";
    origin = "independent";
  };
}
