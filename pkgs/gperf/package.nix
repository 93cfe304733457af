# Perfect hash functions for sets of words.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "gperf";
  version = "3.2.1";

  src = unpack {
    name = "gperf-source";
    src = fetchurl {
      name = "gperf_3.2.1.orig.tar.gz";
      urls = [
        "https://ftp.gnu.org/gnu/gperf/gperf-3.2.1.tar.gz"
        "debian-source:gperf/gperf_3.2.1.orig.tar.gz"
      ];
      sha256 = "ed5ad317858e0a9badbbada70df40194002e16e8834ac24491307c88f96f9702";
    };
  };

  languages = [ "c++" ];

  style = "autoconf";

  doCheck = true;
  checkPhase = ''
    printf 'one\ntwo\nthree\n' | ./src/gperf > check.c
    grep MAX_WORD_LENGTH check.c
    printf '%s\n' '#include <stdio.h>' 'int main(void) { printf("%s%d\n", in_word_set("two", 3), !in_word_set("twa", 3)); return 0; }' > main.c
    cat main.c >> check.c
    $CC $CFLAGS $LDFLAGS -include string.h -o check check.c
    test "$(./check)" = two1
  '';

  meta = {
    description = "perfect hash functions for sets of words";
    homepage = "https://www.gnu.org/software/gperf/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
