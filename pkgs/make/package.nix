# GNU make, without the build system that needs a make.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "make";
  version = "4.3";

  src = unpack {
    name = "make-source";
    src = fetchurl {
      url = "debian-source:make-dfsg/make-dfsg_4.3.orig.tar.gz";
      sha256 = "be4c17542578824e745f83bcd2a9ba264206187247cb6a5f5df99b0a9d1f9047";
    };
  };

  configurePhase = ''
    cp ${./config.h} src/config.h
    cp ${./xalloc.h} src/xalloc.h
    cp lib/glob.in.h src/glob.h
    cp lib/fnmatch.in.h src/fnmatch.h
    for file in glob.c fnmatch.c concat-filename.c xconcat-filename.c concat-filename.h \
        findprog.h findprog-in.c filename.h; do
      cp "lib/$file" src/
    done
    cd src
  '';

  buildPhase = ''
    $CC $CFLAGS -I. -DHAVE_CONFIG_H -D_GNU_SOURCE $LDFLAGS -o make \
      ar.c arscan.c commands.c default.c dir.c expand.c file.c function.c getopt.c getopt1.c \
      guile.c hash.c implicit.c job.c load.c loadapi.c main.c misc.c output.c posixos.c read.c \
      remake.c remote-stub.c rule.c signame.c strcache.c variable.c version.c vpath.c \
      glob.c fnmatch.c concat-filename.c xconcat-filename.c findprog-in.c
  '';

  doCheck = true;
  checkPhase = ''
    printf 'all:\n\t@echo 42\n' > smallest.mk
    test "$(./make -f smallest.mk)" = 42
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp make "$out/usr/bin/"
    ln -s make "$out/usr/bin/gmake"
  '';

  meta = {
    description = "GNU's make";
    homepage = "https://www.gnu.org/software/make/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
