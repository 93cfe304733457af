# Debian 12's GCC and the few tools that its users' build scripts call.
#
# The packages come from the suite itself and not from its security or update
# archives, because the released suite no longer moves and its files stay.
{
  suite = "bookworm";
  architecture = "amd64";
  packages = [
    "gcc"
    "libc6-dev"
    "make"
    "dash"
    "bash"
    "coreutils"
    "diffutils"
    "findutils"
    "grep"
    "mawk"
    "patch"
    "sed"
    "tar"
    "bzip2"
    "gzip"
    "xz-utils"
  ];

  # Packages that the above depend on, but that no program used in a build
  # loads: package management, name services, sanitizers, debugger plug-ins.
  without = [
    "base-files"
    "debianutils"
    "dpkg"
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
    "libmd0"
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

  # What Debian's maintainer scripts would have made.
  links = {
    "bin" = "usr/bin";
    "lib" = "usr/lib";
    "lib64" = "usr/lib64";
    "sbin" = "usr/sbin";
    "usr/bin/awk" = "mawk";
    "usr/bin/cc" = "gcc";
  };
}
