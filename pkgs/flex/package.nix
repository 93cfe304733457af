# The maker of scanners, of BSD's licence.
{
  mkDerivation,
  fetchurl,
  unpack,
  m4,
}:

mkDerivation {
  pname = "flex";
  version = "2.6.4";

  src = unpack {
    name = "flex-source";
    src = fetchurl {
      name = "flex_2.6.4.orig.tar.gz";
      urls = [
        "https://github.com/westes/flex/releases/download/v2.6.4/flex-2.6.4.tar.gz"
        "debian-source:flex/flex_2.6.4.orig.tar.gz"
      ];
      sha256 = "e87aae032bf07c26f85ac0ed3250998c37621d95f8bd748b31f15b33c45ee995";
    };
  };

  style = "autoconf";
  tools = [ m4 ];
  runtime = [ m4 ];
  makeFlags = [
    "SUBDIRS=src"
    "MAKEINFO=true"
  ];
  # `configure` wants to see one for C++, too.
  configureFlags = [
    "CXXCPP=$CC -E -x c"
    "ac_cv_func_malloc_0_nonnull=yes"
    "ac_cv_func_realloc_0_nonnull=yes"
  ];
  CPPFLAGS = "-D_GNU_SOURCE";

  doCheck = true;
  checkPhase = ''
    printf '%%%%\n[0-9]+ printf("<%%s>", yytext);\n%%%%\n' > x.l
    ./src/flex -o x.c x.l
    $CC $CFLAGS $LDFLAGS -o x x.c src/.libs/libfl.a
    test "$(echo a42 | ./x)" = "a<42>"
  '';

  meta = {
    description = "maker of programs that recognise words in text";
    homepage = "https://github.com/westes/flex";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
