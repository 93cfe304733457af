# A library that reads and writes YAML.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libyaml";
  version = "0.2.5";

  src = unpack {
    name = "libyaml-source";
    src = fetchurl {
      url = "debian-source:libyaml/libyaml_0.2.5.orig.tar.gz";
      sha256 = "fa240dbf262be053f3898006d502d514936c818e422afdcf33921c63bed9bf2e";
    };
  };

  configurePhase = "";

  buildPhase = ''
    for source in src/*.c; do
      $CC $CFLAGS -Iinclude -DYAML_VERSION_STRING='"0.2.5"' -DYAML_VERSION_MAJOR=0 -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=5 \
        -c "$source"
    done
    "$AR" rc libyaml.a *.o
    "$RANLIB" libyaml.a
  '';

  doCheck = true;
  checkPhase = ''
    $CC $CFLAGS $LDFLAGS -Iinclude -o check tests/run-parser-test-suite.c libyaml.a
    printf 'a: [4, 2]\n' > check.yaml
    test "$(./check check.yaml | grep -c '^=VAL')" = 3
  '';

  installPhase = ''
    mkdir -p "$out/usr/include" "$out/usr/lib/pkgconfig"
    cp include/yaml.h "$out/usr/include/"
    cp libyaml.a "$out/usr/lib/"
    sed 's|@prefix@|/usr|; s|@exec_prefix@|/usr|; s|@libdir@|/usr/lib|; s|@includedir@|/usr/include|; s|@PACKAGE_VERSION@|0.2.5|' \
      yaml-0.1.pc.in > "$out/usr/lib/pkgconfig/yaml-0.1.pc"
  '';

  meta = {
    description = "library that reads and writes YAML";
    homepage = "https://pyyaml.org/wiki/LibYAML";
    license = "MIT";
    origin = "independent";
  };
}
