# LLVM's sources; `only` says which of its hundred thousand files are unpacked.
{ fetchurl, unpack }:

rec {
  version = "19.1.7";

  archive = fetchurl {
    url = "debian-source:llvm-toolchain-19/llvm-toolchain-19_${version}.orig.tar.xz";
    sha256 = "ae498f3bc58ae2d9f64ef5f0c035c4240152bf015a5b7738b15c22e93bdc97ce";
  };

  part =
    name: only:
    unpack {
      name = "${name}-source";
      src = archive;
      strip = 1;
      inherit only;
    };

  # What programs are linked with, of which each package compiles one folder.
  runtimes = part "llvm-runtimes" [
    "compiler-rt/lib/builtins"
    "libcxx/include"
    "libcxx/src"
    "libcxx/vendor/llvm"
    "libcxxabi/include"
    "libcxxabi/src"
    "libunwind/include"
    "libunwind/src"
  ];
}
