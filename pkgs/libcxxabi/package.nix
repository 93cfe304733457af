# What C++ needs at run time beside its standard library: exceptions, type
# information, memory.
{
  mkDerivation,
  fetchurl,
  unpack,
  libcxx-headers,
}:

let
  upstream = import ../llvm/source.nix { inherit fetchurl unpack; };
in
mkDerivation {
  pname = "libcxxabi";
  inherit (upstream) version;
  src = upstream.runtimes;
  byPath = [ libcxx-headers ];

  configurePhase = "cd libcxxabi";
  buildPhase = ''
    headers=${libcxx-headers}/usr/include/c++/v1
    flags="$CXXFLAGS -O2 -DNDEBUG -D_GNU_SOURCE -D_LIBCXXABI_BUILDING_LIBRARY -D_LIBCPP_BUILDING_LIBRARY -DLIBCXX_BUILDING_LIBCXXABI
      -D_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS -fPIC -std=c++2b -nostdinc++ -fvisibility-inlines-hidden
      -fvisibility=hidden -ffile-prefix-map=${libcxx-headers}= -I$headers -Iinclude -I../libunwind/include -I../libcxx/src"
    {
      objects=
      for file in src/*.cpp; do
        name=''${file##*/}
        # What takes the place of the rest where exceptions are not wanted.
        test $name != cxa_noexception.cpp || continue
        printf '%s.o:\n\t%s %s -c %s -o $@\n' "$name" "$CXX" "$(echo $flags)" "$file"
        objects="$objects $name.o"
      done
      printf 'libc++abi.a: %s\n\t%s rcs $@ %s\n' "$objects" "$AR" "$objects"
    } > Makefile
    make -j"$NIX_BUILD_CORES" libc++abi.a
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/c++/v1" "$out/usr/lib"
    cp libc++abi.a "$out/usr/lib/"
    cp include/cxxabi.h include/__cxxabi_config.h "$out/usr/include/c++/v1/"
  '';

  meta = {
    description = "exceptions and type information of C++ at run time";
    homepage = "https://libcxxabi.llvm.org/";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
