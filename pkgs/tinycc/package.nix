# A C compiler of one source file, which compiles itself in a second.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "tinycc";
  version = "0.9.27-20200814";

  src = unpack {
    name = "tinycc-source";
    strip = 0;
    src = fetchurl {
      url = "debian-source:tcc/tcc_0.9.27+git20200814.62c30a4a.orig.tar.bz2";
      sha256 = "d63c113bcdd657f51c8ee197a0b0a24203603313e19a52b5f678d40ab7f5df35";
    };
  };

  configurePhase = ''
    ./configure --prefix="$out" --cc=cc --extra-ldflags=-static
  '';

  # The compiler is one program and its runtime library; libtcc is not built,
  # nor is the manual, whose tools are not in the container.
  buildPhase = ''
    make -j"$NIX_BUILD_CORES" ONE_SOURCE=yes tcc libtcc1.a
  '';

  doCheck = true;
  checkPhase = ''
    printf 'int main(void) { return 6 * 7 - 42; }\n' > answer.c
    ./tcc -B. -Iinclude -o answer answer.c
    ./answer
  '';

  installPhase = ''
    mkdir -p "$out/bin" "$out/lib/tcc/include"
    cp tcc "$out/bin/"
    cp libtcc1.a bcheck.o bt-exe.o bt-log.o "$out/lib/tcc/"
    cp include/*.h tcclib.h "$out/lib/tcc/include/"
  '';
}
