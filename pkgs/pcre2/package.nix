# Perl's regular expressions as a library, and pcre2grep.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
}:

mkDerivation {
  pname = "pcre2";
  version = "10.46";

  src = unpack {
    name = "pcre2-source";
    src = fetchurl {
      name = "pcre2_10.46.orig.tar.gz";
      urls = [
        "https://github.com/PCRE2Project/pcre2/releases/download/pcre2-10.46/pcre2-10.46.tar.gz"
        "debian-source:pcre2/pcre2_10.46.orig.tar.gz"
      ];
      sha256 = "8d28d7f2c3b970c3a4bf3776bcbb5adfc923183ce74bc8df1ebaad8c1985bd07";
    };
  };

  style = "autoconf";
  configureFlags = [
    "--enable-pcre2-16"
    "--enable-pcre2-32"
  ]
  # tcc lacks what the compiler of expressions is written with.
  ++ (if toolchain.compiler == "tcc" then [ ] else [ "--enable-jit=auto" ]);

  doCheck = true;
  checkPhase = ''
    test "$(echo 'a=42' | ./pcre2grep -o '(?<==)\d+')" = 42
    test "$(echo 'Größe' | ./pcre2grep -u -o '\p{Lu}..')" = Grö
  '';

  # pcre2-config
  runtime = [ "/bin/sh" ];

  lints.waive.build-path = "its README names a folder below /build as an example";

  meta = {
    description = "regular expressions with the syntax and semantics of Perl";
    homepage = "https://www.pcre.org/";
    license = "BSD-3-Clause";
  };
}
