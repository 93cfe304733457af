# A library for JSON.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "jansson";
  version = "2.14";

  src = unpack {
    name = "jansson-source";
    src = fetchurl {
      url = "debian-source:jansson/jansson_2.14.orig.tar.gz";
      sha256 = "c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b";
    };
  };

  # tcc has no operations on memory that threads share.
  configurePhase = ''
    sed 's|@json_inline@|inline|; s|@json_have_long_long@|1|; s|@json_have_localeconv@|1|; s|@json_have_[a-z]*_builtins@|${
      if toolchain.compiler == "tcc" then "0" else "1"
    }|' src/jansson_config.h.in > src/jansson_config.h
  '';

  buildPhase = ''
    : > src/jansson_private_config.h
    have="-DHAVE_STDINT_H -DHAVE_FCNTL_H -DHAVE_UNISTD_H -DHAVE_SYS_TIME_H -DHAVE_SYS_TYPES_H -DHAVE_SCHED_H"
    have="$have -DHAVE_OPEN -DHAVE_CLOSE -DHAVE_READ -DHAVE_GETPID -DHAVE_GETTIMEOFDAY -DHAVE_SCHED_YIELD"
    have="$have -DHAVE_LOCALE_H -DHAVE_SETLOCALE -DHAVE_STRTOLL -DUSE_URANDOM -DINITIAL_HASHTABLE_ORDER=3"
    for source in src/*.c; do
      $CC $CFLAGS $have ${if toolchain.compiler == "tcc" then "" else "-DHAVE_ATOMIC_BUILTINS -DHAVE_SYNC_BUILTINS"} -Isrc -c "$source"
    done
    "$AR" rc libjansson.a *.o
    "$RANLIB" libjansson.a
  '';

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <stdio.h>' '#include <jansson.h>' \
      'int main(void) { json_error_t e; puts(json_dumps(json_loads("{\"b\": [1, 2.5], \"a\": null}", 0, &e), JSON_SORT_KEYS)); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -Isrc -o check check.c libjansson.a
    test "$(./check)" = '{"a": null, "b": [1, 2.5]}'
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp src/jansson.h src/jansson_config.h "$out/usr/include/"
    cp libjansson.a "$out/usr/lib/"
    sed 's|@prefix@|/usr|; s|@exec_prefix@|/usr|; s|@libdir@|/usr/lib|; s|@includedir@|/usr/include|; s|@VERSION@|2.14|' \
      jansson.pc.in > "$out/usr/lib/pkgconfig/jansson.pc"
  '';

  meta = {
    description = "library that reads, changes and writes JSON";
    homepage = "https://github.com/akheron/jansson";
    license = "MIT";
  };
}
