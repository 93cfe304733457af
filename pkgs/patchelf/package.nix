# Changes of the names of libraries and interpreters in programs.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "patchelf";
  version = "0.18.0";

  src = unpack {
    name = "patchelf-source";
    src = fetchurl {
      url = "debian-source:patchelf/patchelf_0.18.0.orig.tar.gz";
      sha256 = "1451d01ee3a21100340aed867d0b799f46f0b1749680028d38c3f5d0128fb8a7";
    };
  };

  languages = [ "c++" ];

  configurePhase = "";
  buildPhase = ''
    $CXX $CXXFLAGS $LDFLAGS -std=c++17 -D_FILE_OFFSET_BITS=64 -DPACKAGE_STRING='"patchelf 0.18.0"' -DPAGESIZE=4096 -o patchelf src/patchelf.cc
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./patchelf --version)" = "patchelf 0.18.0"
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1"
    cp patchelf "$out/usr/bin/"
    cp patchelf.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "changer of the libraries and interpreters that programs name";
    homepage = "https://github.com/NixOS/patchelf";
    license = "GPL-3.0-or-later";
  };
}
