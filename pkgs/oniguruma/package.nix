# Regular expressions, as a static library.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  toolchain,
}:

mkDerivation {
  pname = "oniguruma";
  version = "6.9.9";

  src = unpack {
    name = "oniguruma-source";
    src = fetchurl {
      url = "debian-source:libonig/libonig_6.9.9.orig.tar.gz";
      sha256 = "001aa1202e78448f4c0bf1a48c76e556876b36f16d92ce3207eccfd61d99f2a0";
    };
  };

  broken = if toolchain.compiler == "tcc" then "what tcc compiles does not match some letters without regard to case" else null;

  # What upstream's configure finds out on any system of today.
  configurePhase = ''
    cd src
    for header in ALLOCA ALLOCA_H STDINT_H INTTYPES_H SYS_TIMES_H SYS_TIME_H SYS_TYPES_H UNISTD_H; do
      echo "#define HAVE_$header 1"
    done > config.h
    cat >> config.h <<EOF
    #define SIZEOF_INT 4
    #define SIZEOF_LONG ${toString (profile.wordSize / 8)}
    #define SIZEOF_LONG_LONG 8
    #define SIZEOF_VOIDP ${toString (profile.wordSize / 8)}
    #define PACKAGE_VERSION "$version"
    EOF
  '';

  buildPhase = ''
    for source in *.c; do
      case $source in
        # What others include, what makes tables, and an encoding that upstream leaves out.
        *_data.c | *_data_posix.c | mktable.c | koi8.c) ;;
        *) $CC $CFLAGS -DHAVE_CONFIG_H -DUSE_POSIX_API -I. -c "$source" ;;
      esac
    done
    $AR rcs libonig.a *.o
  '';

  doCheck = true;
  checkPhase = ''
    $CC $CFLAGS -I. $LDFLAGS -o utf8 ../test/test_utf8.c libonig.a
    ./utf8 > answers || true
    tail -n 3 answers
    grep -q 'FAIL: 0, *ERROR: 0' answers
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp oniguruma.h oniggnu.h onigposix.h "$out/usr/include/"
    cp libonig.a "$out/usr/lib/"
    sed -e 's,@prefix@,/usr,' -e 's,@exec_prefix@,/usr,' -e 's,@libdir@,/usr/lib,' -e 's,@includedir@,/usr/include,' \
      -e 's,@datadir@,/usr/share,' -e 's,@PACKAGE_NAME@,onig,' -e "s,@PACKAGE_VERSION@,$version," ../oniguruma.pc.in > "$out/usr/lib/pkgconfig/oniguruma.pc"
  '';

  meta = {
    description = "library of regular expressions for many encodings";
    homepage = "https://github.com/kkos/oniguruma";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
