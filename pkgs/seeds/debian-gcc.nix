# Debian's GCC and binutils, and the few tools that build scripts call.
#
# The packages come from the suite itself and not from its security or update
# archives, because the released suite moves a few times a year and those daily.
machine:

let
  # riscv64 is an architecture of Debian from 13 on.
  isNewer = machine.debian == "riscv64";
  gcc = if isNewer then "14" else "12";
in
rec {
  description = "GCC ${gcc} and binutils of Debian ${if isNewer then "13" else "12"}, with its GNU userland";
  compiles = {
    compiler = "gcc";
    libc = "glibc";
  };
  architectures = [
    "amd64"
    "arm64"
    "ppc64el"
    "riscv64"
  ];
  suite = if isNewer then "trixie" else "bookworm";

  # `without`: packages that those named depend on, but that no program used in
  # a build loads: package management, name services, sanitizers, plug-ins.
  toolchain = {
    packages = [
      "gcc"
      "libc6-dev"
    ];
    without = [
      "libasan8"
      "libc-dev-bin"
      "libcc1-0"
      "libcom-err2"
      "libgomp1"
      "libgprofng0"
      "libgssapi-krb5-2"
      "libhwasan0"
      "libitm1"
      "libk5crypto3"
      "libkeyutils1"
      "libkrb5-3"
      "libkrb5support0"
      "liblsan0"
      "libnsl-dev"
      "libnsl2"
      "libquadmath0"
      "libssl3"
      "libssl3t64"
      "libtirpc-common"
      "libtirpc-dev"
      "libtirpc3"
      "libtsan2"
      "libubsan1"
      "openssl-provider-legacy"
      "rpcsvc-proto"
    ];
    links."usr/bin/cc" = "gcc";
  };

  userland = {
    packages = [
      "bash"
      "bzip2"
      "coreutils"
      "dash"
      "diffutils"
      "findutils"
      "grep"
      "gzip"
      "make"
      "mawk"
      "patch"
      "sed"
      "tar"
      "xz-utils"
    ];
    without = [
      "base-files"
      "debianutils"
      "dpkg"
      "libmd0"
      "libsystemd0"
      "openssl-provider-legacy"
    ];
    # Of make: for those who write extensions of it.
    exclude = [ "usr/include" ];
    # What Debian's maintainer scripts would have made.
    links = {
      "bin" = "usr/bin";
      "lib" = "usr/lib";
      "lib64" = "usr/lib64";
      "sbin" = "usr/sbin";
      "usr/bin/awk" = "mawk";
    };
  };

  cxx = {
    packages = [ "g++-${gcc}" ];
    without = toolchain.without ++ [ "libcc1-0" ];
    links."usr/bin/c++" = "g++-${gcc}";
  };
}
