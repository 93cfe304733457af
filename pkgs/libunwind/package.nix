# The library that unwinds the stack.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

let
  upstream = import ../llvm/source.nix { inherit fetchurl unpack; };
in
mkDerivation {
  pname = "libunwind";
  inherit (upstream) version;
  src = upstream.runtimes;

  configurePhase = "cd libunwind";
  buildPhase = ''
    flags="$CFLAGS -O2 -DNDEBUG -D_LIBUNWIND_IS_NATIVE_ONLY -fPIC -funwind-tables -fno-exceptions -Iinclude -Isrc"
    for file in libunwind.cpp; do
      $CXX $flags -std=c++17 -fno-rtti -nostdinc++ -c src/$file -o ''${file%.*}.o
    done
    for file in UnwindLevel1.c UnwindLevel1-gcc-ext.c Unwind-sjlj.c UnwindRegistersRestore.S UnwindRegistersSave.S; do
      $CC $flags -std=c99 -D_GNU_SOURCE -c src/$file -o ''${file%.*}.o
    done
    $AR rcs libunwind.a *.o
  '';

  installPhase = ''
    mkdir -p "$out/usr/lib"
    cp libunwind.a "$out/usr/lib/"
    cp -R include "$out/usr/include"
    rm -rf "$out/usr/include/CMakeLists.txt" "$out/usr/include/mach-o"
  '';

  meta = {
    description = "library that unwinds the stack";
    homepage = "https://github.com/llvm/llvm-project/tree/main/libunwind";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
