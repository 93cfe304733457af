# The kernel, as small as a machine of virtio devices and a proof need it: no modules, no
# firmware. `config/` has what is switched on, for all machines and for each; everything
# else is off.
#
# Made by LLVM alone, without perl, python, bash, bison, libelf and openssl.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  toolchain,
  bc,
  btyacc,
  flex,
  zstd,
}:

let
  version = "6.12.107";

  machines = {
    x86_64 = {
      arch = "x86_64";
      target = "bzImage";
      image = "arch/x86/boot/bzImage";
    };
    aarch64 = {
      arch = "arm64";
      target = "Image";
      image = "arch/arm64/boot/Image";
    };
  };
  machine = machines.${profile.name};

  # Nothing of these is compiled for any configuration here, and they are most of the archive.
  unused = [
    "Documentation/*/**"
    "arch/*/boot/dts"
    "arch/*/configs"
    "drivers/gpu/**/*.[ch]"
    "drivers/infiniband/**/*.[ch]"
    "drivers/media/**/*.[ch]"
    "drivers/net/ethernet/**/*.[ch]"
    "drivers/net/wireless/**/*.[ch]"
    "drivers/scsi/**/*.[ch]"
    "drivers/staging/**/*.[ch]"
    "drivers/iio/**/*.[ch]"
    "samples/**/*.[ch]"
    "sound/**/*.[ch]"
    "tools/perf"
    "tools/testing"
  ]
  ++ map (name: "arch/${name}/**/*.[chS]") (
    builtins.filter (name: name != profile.linux) [
      "alpha"
      "arc"
      "arm"
      "arm64"
      "csky"
      "hexagon"
      "loongarch"
      "m68k"
      "microblaze"
      "mips"
      "nios2"
      "openrisc"
      "parisc"
      "powerpc"
      "riscv"
      "s390"
      "sh"
      "sparc"
      "um"
      "x86"
      "xtensa"
    ]
  );
in
mkDerivation {
  pname = "linux";
  inherit version;

  platforms = builtins.attrNames machines;
  broken = if toolchain.compiler == "clang" then null else "it is compiled by clang, and the compiler of the set is ${toolchain.compiler}";

  src = unpack {
    name = "linux-source";
    strip = 1;
    exclude = unused;
    src = fetchurl {
      url = "debian-source:linux/linux_${version}.orig.tar.xz";
      sha256 = "efc76d3c78a5d65f42724118c437d11db1c9f6309a5f024ee9a8b1978fdc6919";
    };
  };

  tools = [
    bc
    btyacc
    flex
    zstd
  ];

  inherit (machine) arch target image;
  fragments = map (name: "${./config}/${name}") [
    "common"
    profile.name
  ];

  patchPhase =
    if profile.name == "x86_64" then
      ''
        # objtool needs libelf. Without it there are no mitigations that patch code, and no ORC
        # unwinder; what is left needs no more than a macro that does nothing.
        sed -i '/select HAVE_OBJTOOL/d' arch/x86/Kconfig
        sh ${./without-objtool.sh} include/linux/objtool.h
      ''
    else
      "";

  configurePhase = ''
    sh ${./toolchain.sh} "$PWD/../toolchain"
    PATH=$PWD/../toolchain:$PATH
    export PATH
    # Who built it, when and where is in what a running kernel says of itself. Not every `date` reads
    # dates as `date` writes them, and what one does not read is the time of the build.
    export KBUILD_BUILD_USER=chx KBUILD_BUILD_HOST=chx KBUILD_BUILD_VERSION=1
    export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00'
    flags="LLVM=1 LLVM_IAS=1 ARCH=$arch CC=clang LD=ld.lld HOSTCC=cc HOSTCXX=c++ HOSTLD=ld.lld YACC=btyacc LEX=flex"
    # The set's are those of programs.
    unset AR AS CC CFLAGS CPP CPPFLAGS CXX CXXFLAGS LD LDFLAGS NM OBJCOPY RANLIB STRIP

    cat $fragments > fragment
    make $flags KCONFIG_ALLCONFIG=fragment allnoconfig
    sh ${./check-config.sh} fragment .config
  '';

  buildPhase = ''
    make $flags -j"$NIX_BUILD_CORES" "$target"
  '';

  installPhase = ''
    mkdir -p "$out/boot"
    cp "$image" "$out/boot/vmlinuz-$version"
    cp .config "$out/boot/config-$version"
  '';

  # It is no program of the system.
  fixupPhase = "";

  boot.kernel = {
    file = "boot/vmlinuz-${version}";
    console = if profile.name == "aarch64" then "ttyAMA0" else "ttyS0";
  };

  checks.boot = ''
    test "$(uname -r)" = ${version}
  '';

  meta = {
    description = "kernel for virtual machines, without modules";
    homepage = "https://www.kernel.org/";
    license = "GPL-2.0-only WITH Linux-syscall-note";
    origin = "Linux";
  };
}
