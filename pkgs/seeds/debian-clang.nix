# Debian's clang with LLVM's own assembler, linker and archiver. Neither GCC
# nor binutils is here; but Debian's static glibc can be linked with libgcc only,
# because compiler-rt 16 lacks arithmetic of 128-bit floating point on x86_64.
machine:

let
  # riscv64 is an architecture of Debian from 13 on.
  isNewer = machine.debian == "riscv64";
  clang = if isNewer then "19" else "16";
  gcc = if isNewer then "14" else "12";
in
rec {
  description = "clang ${clang} and lld of Debian ${if isNewer then "13" else "12"}, with its GNU userland";
  compiles = {
    compiler = "clang";
    libc = "glibc";
  };
  architectures = [
    "amd64"
    "arm64"
    "ppc64el"
    "riscv64"
  ];
  suite = if isNewer then "trixie" else "bookworm";

  toolchain = {
    packages = [
      "clang-${clang}"
      "libc6-dev"
      "libgcc-${gcc}-dev"
      "lld-${clang}"
      "llvm-${clang}"
    ];
    # LLVM itself needs libatomic on riscv64.
    without = builtins.filter (name: !(isNewer && name == "libatomic1")) [
      "binutils"
      "binutils-common"
      "binutils-${builtins.replaceStrings [ "_" ] [ "-" ] machine.machine}-linux-gnu"
      "libasan8"
      "libatomic1"
      "libbinutils"
      "libbrotli1"
      "libc-dev-bin"
      "libclang1-${clang}"
      "libcom-err2"
      "libctf-nobfd0"
      "libctf0"
      "libcurl4"
      "libcurl4t64"
      "libdb5.3"
      "libdb5.3t64"
      "libgc1"
      "libgnutls30"
      "libgnutls30t64"
      "libgomp1"
      "libgprofng0"
      "libgssapi-krb5-2"
      "libhogweed6"
      "libhogweed6t64"
      "libhwasan0"
      "libidn2-0"
      "libitm1"
      "libjansson4"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libldap-2.5-0"
      "libldap2"
      "liblsan0"
      "libnettle8"
      "libnettle8t64"
      "libnghttp2-14"
      "libnghttp3-9"
      "libnsl-dev"
      "libnsl2"
      "libobjc-${gcc}-dev"
      "libobjc4"
      "libp11-kit0"
      "libpfm4"
      "libpsl5"
      "libpsl5t64"
      "libquadmath0"
      "libsframe1"
      "librtmp1"
      "libsasl2-2"
      "libsasl2-modules-db"
      "libssh2-1"
      "libssh2-1t64"
      "libssl3"
      "libssl3t64"
      "libstdc++-${gcc}-dev"
      "libtasn1-6"
      "libtirpc-common"
      "libtirpc-dev"
      "libtirpc3"
      "libtsan2"
      "libubsan1"
      "libunistring2"
      "libunistring5"
      "llvm-${clang}-runtime"
      "openssl-provider-legacy"
      "rpcsvc-proto"
    ];
    links = {
      "usr/bin/ar" = "llvm-ar-${clang}";
      "usr/bin/ld" = "ld.lld-${clang}";
      "usr/bin/nm" = "llvm-nm-${clang}";
      "usr/bin/ranlib" = "llvm-ranlib-${clang}";
      "usr/bin/strip" = "llvm-strip-${clang}";
    };
    scripts."usr/bin/cc" = ''
      #!/bin/sh
      exec /usr/bin/clang-${clang} -fuse-ld=lld -Wno-unused-command-line-argument "$@"
    '';
  };

  # Where clang looks for what is linked into programs for other machines.
  resources = "usr/lib/llvm-${clang}/lib/clang/${clang}";

  # The library is GCC's: that is what Debian compiles its own programs with.
  cxx = {
    packages = [
      "clang-${clang}"
      "libstdc++-${gcc}-dev"
    ];
    without = builtins.filter (name: name != "libstdc++-${gcc}-dev") toolchain.without;
    scripts."usr/bin/c++" = ''
      #!/bin/sh
      exec /usr/bin/clang++-${clang} -fuse-ld=lld -Wno-unused-command-line-argument "$@"
    '';
  };

  # Chosen apart from the compiler, so that what the two Debian seeds share is known.
  inherit (import ./debian-gcc.nix machine) userland;
}
