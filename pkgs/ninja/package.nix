# The small build tool that other tools write files for. Its own build system is
# itself, begun by a Python script; what it is compiled from is few files.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "ninja";
  version = "1.11.1";

  src = unpack {
    name = "ninja-source";
    src = fetchurl {
      name = "ninja-build_1.11.1.orig.tar.gz";
      urls = [
        "https://github.com/ninja-build/ninja/archive/refs/tags/v1.11.1.tar.gz"
        "debian-source:ninja-build/ninja-build_1.11.1.orig.tar.gz"
      ];
      sha256 = "31747ae633213f1eda3842686f83c2aa1412e0f5691d1c14dbbcc67fe7400cea";
    };
  };

  languages = [ "c++" ];

  configurePhase = "";

  # Left out: benchmarks, tests, another system, and the browser, which is in Python.
  buildPhase = ''
    objects=
    {
      for file in src/*.cc; do
        case $file in
          *_test.cc | *test.cc | *_perftest.cc | *bench.cc | *win32.cc | *.in.cc | src/browse.cc) continue ;;
        esac
        object=''${file##*/}
        object=''${object%.cc}.o
        printf '%s:\n\t%s %s -std=c++17 -fno-exceptions -fno-rtti -DUSE_PPOLL -c %s -o $@\n' "$object" "$CXX" "$CXXFLAGS" "$file"
        objects="$objects $object"
      done
      printf 'ninja:%s\n\t%s %s %s -o $@%s\n' "$objects" "$CXX" "$CXXFLAGS" "$LDFLAGS" "$objects"
    } > Makefile
    make -j"$NIX_BUILD_CORES" ninja
    $STRIP ninja
  '';

  doCheck = true;
  checkPhase = ''
    mkdir check
    printf 'rule copy\n command = cp $in $out\nbuild b: copy a\nbuild c: copy b\n' > check/build.ninja
    echo 42 > check/a
    ./ninja -C check
    test "$(cat check/c)" = 42
    test "$(./ninja -C check | tail -n 1)" = 'ninja: no work to do.'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin"
    cp ninja "$out/usr/bin/"
  '';

  meta = {
    description = "small build system with a focus on speed";
    homepage = "https://ninja-build.org/";
    license = "Apache-2.0";
    origin = "independent";
  };
}
