# Debian 12's GCC and binutils, and the few tools that build scripts call.
#
# The packages come from the suite itself and not from its security or update
# archives, because the released suite moves a few times a year and those daily.
rec {
  description = "GCC 12 and binutils of Debian 12, with its GNU userland";
  architecture = "amd64";
  suite = "bookworm";

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
      "libtirpc-common"
      "libtirpc-dev"
      "libtirpc3"
      "libtsan2"
      "libubsan1"
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
    packages = [ "g++-12" ];
    without = toolchain.without ++ [ "libcc1-0" ];
    links."usr/bin/c++" = "g++-12";
  };
}
