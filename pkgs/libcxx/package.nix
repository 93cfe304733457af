# C++'s standard library, static; it holds libc++abi, so that a program is linked with
# one library.
{
  mkDerivation,
  fetchurl,
  unpack,
  libcxx-headers,
  libcxxabi,
}:

let
  upstream = import ../llvm/source.nix { inherit fetchurl unpack; };
in
mkDerivation {
  pname = "libcxx";
  inherit (upstream) version;
  src = upstream.runtimes;
  byPath = [
    libcxx-headers
    libcxxabi
  ];

  configurePhase = "cd libcxx";
  buildPhase = ''
    headers=${libcxx-headers}/usr/include/c++/v1
    flags="$CXXFLAGS -O2 -DNDEBUG -D_GNU_SOURCE -D_LIBCPP_BUILDING_LIBRARY -DLIBCXX_BUILDING_LIBCXXABI
      -D_LIBCPP_LINK_PTHREAD_LIB -D_LIBCPP_REMOVE_TRANSITIVE_INCLUDES -fPIC -std=c++2b -nostdinc++ -fvisibility-inlines-hidden
      -fvisibility=hidden -faligned-allocation -ffile-prefix-map=${libcxx-headers}= -I$headers -I../libcxxabi/include -I../libunwind/include -Isrc"
    {
      objects=
      # Operators new and delete come from libc++abi; the rest is for other systems or not wanted.
      for file in src/*.cpp src/filesystem/*.cpp src/ryu/*.cpp; do
        case $file in src/new.cpp | src/filesystem/int128_builtins.cpp) continue ;; esac
        object=$(printf '%s' "$file" | tr / -).o
        printf '%s:\n\t%s %s -c %s -o $@\n' "$object" "$CXX" "$(echo $flags)" "$file"
        objects="$objects $object"
      done
      printf 'objects: %s\n' "$objects"
    } > Makefile
    make -j"$NIX_BUILD_CORES" objects
    mkdir abi
    (cd abi && $AR x ${libcxxabi}/usr/lib/libc++abi.a)
    $AR rcs libc++.a *.o abi/*.o
  '';

  installPhase = ''
    mkdir -p "$out/usr/lib"
    cp libc++.a "$out/usr/lib/"
    cp -R ${libcxx-headers}/usr/include "$out/usr/include"
  '';

  meta = {
    description = "C++'s standard library";
    homepage = "https://libcxx.llvm.org/";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
