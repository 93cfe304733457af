# Debian 12's clang 16 with LLVM's own assembler, linker and archiver. Neither GCC
# nor binutils is here; but Debian's static glibc can be linked with libgcc only,
# because compiler-rt 16 lacks arithmetic of 128-bit floating point on x86_64.
rec {
  description = "clang 16 and lld of Debian 12, with its GNU userland";
  architecture = "amd64";
  suite = "bookworm";

  toolchain = {
    packages = [
      "clang-16"
      "libc6-dev"
      "libgcc-12-dev"
      "lld-16"
      "llvm-16"
    ];
    without = [
      "binutils"
      "binutils-common"
      "binutils-x86-64-linux-gnu"
      "libasan8"
      "libatomic1"
      "libbinutils"
      "libbrotli1"
      "libc-dev-bin"
      "libclang1-16"
      "libcom-err2"
      "libctf-nobfd0"
      "libctf0"
      "libcurl4"
      "libdb5.3"
      "libgc1"
      "libgnutls30"
      "libgomp1"
      "libgprofng0"
      "libgssapi-krb5-2"
      "libhogweed6"
      "libidn2-0"
      "libitm1"
      "libjansson4"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "libldap-2.5-0"
      "liblsan0"
      "libnettle8"
      "libnghttp2-14"
      "libnsl-dev"
      "libnsl2"
      "libobjc-12-dev"
      "libobjc4"
      "libp11-kit0"
      "libpfm4"
      "libpsl5"
      "libquadmath0"
      "librtmp1"
      "libsasl2-2"
      "libsasl2-modules-db"
      "libssh2-1"
      "libssl3"
      "libstdc++-12-dev"
      "libtasn1-6"
      "libtirpc-common"
      "libtirpc-dev"
      "libtirpc3"
      "libtsan2"
      "libubsan1"
      "libunistring2"
      "llvm-16-runtime"
      "rpcsvc-proto"
    ];
    links = {
      "usr/bin/ar" = "llvm-ar-16";
      "usr/bin/ld" = "ld.lld-16";
      "usr/bin/nm" = "llvm-nm-16";
      "usr/bin/ranlib" = "llvm-ranlib-16";
      "usr/bin/strip" = "llvm-strip-16";
    };
    scripts."usr/bin/cc" = ''
      #!/bin/sh
      exec /usr/bin/clang-16 -fuse-ld=lld -Wno-unused-command-line-argument "$@"
    '';
  };

  # Where clang looks for what is linked into programs for other machines.
  resources = "usr/lib/llvm-16/lib/clang/16";

  # The library is GCC's: that is what Debian compiles its own programs with.
  cxx = {
    packages = [
      "clang-16"
      "libstdc++-12-dev"
    ];
    without = builtins.filter (name: name != "libstdc++-12-dev") toolchain.without;
    scripts."usr/bin/c++" = ''
      #!/bin/sh
      exec /usr/bin/clang++-16 -fuse-ld=lld -Wno-unused-command-line-argument "$@"
    '';
  };

  # Chosen apart from the compiler, so that what the two Debian seeds share is known.
  inherit (import ./debian-gcc.nix) userland;
}
