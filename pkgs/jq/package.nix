# Asks JSON.
{
  mkDerivation,
  fetchurl,
  unpack,
  oniguruma,
  profile,
}:

mkDerivation {
  pname = "jq";
  version = "1.7.1";

  src = unpack {
    name = "jq-source";
    src = fetchurl {
      url = "debian-source:jq/jq_1.7.1.orig.tar.gz";
      sha256 = "fc75b1824aba7a954ef0886371d951c3bf4b6e0a921d1aefc553f309702d6ed1";
    };
  };

  libraries = [ oniguruma ];

  # The archive is a snapshot, and has no configure. What may lack is looked for as there:
  # mathematical functions, one by one.
  configurePhase = ''
    echo "#define JQ_VERSION \"$version\"" > src/version.h
    echo "#define JQ_CONFIG \"\"" > src/config_opts.inc
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' src/builtin.jq > src/builtin.inc
    flags="-DIEEE_${if profile.endian == "little" then "8087" else "MC68k"}=1 -D_GNU_SOURCE -DUSE_DECNUM=1 -DHAVE_LIBONIG=1"
    for name in ALLOCA_H ATEXIT ISATTY STRPTIME STRFTIME SETENV TIMEGM GMTIME_R GMTIME LOCALTIME_R LOCALTIME GETTIMEOFDAY SETLOCALE MEMMEM \
      TM_TM_GMT_OFF PTHREAD PTHREAD_KEY_CREATE PTHREAD_ONCE; do
      flags="$flags -DHAVE_$name=1"
    done
    for name in $(sed -n 's/^AC_CHECK_MATH_FUNC(\([a-z0-9_]*\)).*/\1/p' configure.ac); do
      printf 'char %s();\nint main() { return %s() != 0; }\n' "$name" "$name" > conftest.c
      if $CC $CFLAGS -fno-builtin $LDFLAGS -o conftest conftest.c -lm 2> /dev/null; then
        flags="$flags -DHAVE_$(echo "$name" | tr a-z A-Z)=1"
      else
        echo "there is no $name"
      fi
    done
  '';

  buildPhase = ''
    rm src/inject_errors.c
    $CC $CFLAGS $flags -I. -Isrc $LDFLAGS -o jq src/*.c src/decNumber/decContext.c src/decNumber/decNumber.c -lonig -lm -lpthread
  '';

  doCheck = true;
  checkPhase = ''
    test "$(echo '{"a": [6, 7]}' | ./jq -c '[.a[0] * .a[1], (.a | length), (2 | sqrt)]')" = '[42,2,1.4142135623730951]'
    test "$(echo '"six seven"' | ./jq -r 'sub("(?<a>\\w+) (?<b>\\w+)"; "\(.b) \(.a)")')" = "seven six"
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp jq "$out/usr/bin/"
    cp jq.1.prebuilt "$out/usr/share/man/man1/jq.1"
  '';

  meta = {
    description = "filter and language for JSON";
    homepage = "https://jqlang.github.io/jq/";
    # ICU is for decNumber, CC-BY for the manual.
    license = "MIT AND ICU AND CC-BY-3.0";
    origin = "independent";
  };
}
