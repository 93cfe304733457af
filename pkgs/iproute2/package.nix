# ip, ss, bridge and what else sets up the network. tc is left out: its parser of
# ematch is made by tools.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  byacc,
}:

mkDerivation {
  pname = "iproute2";
  version = "6.1.0";

  src = unpack {
    name = "iproute2-source";
    src = fetchurl {
      name = "iproute2_6.1.0.orig.tar.xz";
      urls = [
        "https://www.kernel.org/pub/linux/utils/net/iproute2/iproute2-6.1.0.tar.xz"
        "debian-source:iproute2/iproute2_6.1.0.orig.tar.xz"
      ];
      sha256 = "5ce12a0fec6b212725ef218735941b2dab76244db7e72646a76021b0537b43ab";
    };
  };

  tools = [ byacc ];

  broken = if toolchain.compiler == "tcc" then "tcc does not know the attributes in the header of BPF" else null;

  # glibc has had it since 2.38 only.
  strlcpy = if toolchain.libc == "glibc" then "-DNEED_STRLCPY" else "";
  # musl declares basename() there.
  postPatch = ''
    sed -i 's/^#include <limits.h>/&\n#include <libgen.h>/' lib/bpf_legacy.c
    sed -i 's/^SUBDIRS=lib .*/SUBDIRS=lib ip bridge misc man/' Makefile
  '';

  # `configure` would look at the machine that builds.
  configurePhase = ''
    cat > config.mk << EOF
    TC_CONFIG_NO_XT:=y
    IP_CONFIG_SETNS:=y
    CFLAGS += -DHAVE_SETNS -DHAVE_HANDLE_AT $strlcpy
    TC_CONFIG_ELF:=n
    HAVE_BERKELEY_DB:=n
    HAVE_MNL:=n
    %.o: %.c
    	\$(CC) \$(CFLAGS) \$(CPPFLAGS) -c -o \$@ \$<
    EOF
  '';

  style = "make";
  makeVariables = [
    "CC"
    "AR"
    "LDFLAGS"
  ];
  makeFlags = [
    "SHARED_LIBS=n"
    "CCOPTS=$CFLAGS"
    "HOSTCC=$CC_FOR_BUILD"
    "SBINDIR=/usr/bin"
    "ARPDDIR=/var/lib/arpd"
    "NETNS_RUN_DIR=/run/netns"
    "V=1"
  ];

  doCheck = true;
  checkPhase = ''
    ip/ip -V | grep -q '^ip utility, iproute2-6.1.0'
    ip/ip -o link show dev lo | grep -q '^1: lo:'
  '';

  postInstall = ''
    # It is for Python.
    rm -f "$out/usr/bin/routel" "$out/usr/share/man/man8/routel.8"
    rm -rf "$out/var" "$out/usr/share/bash-completion"
    rm -f "$out"/usr/share/man/man8/tc*.8 "$out"/usr/share/man/man8/arpd.8
  '';

  # ifcfg and rtpr.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "programs that set up and show the network";
    homepage = "https://wiki.linuxfoundation.org/networking/iproute2";
    license = "GPL-2.0-or-later";
  };
}
