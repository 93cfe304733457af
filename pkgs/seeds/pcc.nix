# Debian 12's Portable C Compiler: one megabyte that descends from Johnson's of 1978
# and has nothing of GCC or LLVM. It compiles to assembly, which binutils assemble
# and link with musl as Debian has it, so that no run-time library of GCC is in what
# comes out. The userland is zig's: what shares least with the other Debian seeds.
machine:

{
  description = "the Portable C Compiler and binutils of Debian 12, with musl, busybox, mksh and make";
  compiles = {
    compiler = "pcc";
    libc = "musl";
  };
  architecture = "amd64";
  suite = "bookworm";

  toolchain = {
    packages = [
      "binutils"
      "musl-dev"
      "pcc"
    ];
    # GCC, on which musl-dev depends for its wrapper, and what pcc's own run-time
    # library would be linked with: nothing that it compiles here needs one.
    without = [
      "cpp"
      "cpp-12"
      "gcc"
      "gcc-12"
      "gcc-12-base"
      "libasan8"
      "libatomic1"
      "libcc1-0"
      "libgcc-12-dev"
      "libgcc-s1"
      "libgmp10"
      "libgomp1"
      "libgprofng0"
      "libisl23"
      "libitm1"
      "liblsan0"
      "libmpc3"
      "libmpfr6"
      "libpcc-dev"
      "libquadmath0"
      "libstdc++6"
      "libtsan2"
      "libubsan1"
      "musl"
    ];
    # What is linked with GCC's C++ library, runs GCC, or compiles C++.
    exclude = [
      "etc"
      "usr/bin/*dwp"
      "usr/bin/*gold"
      "usr/bin/*gp-*"
      "usr/bin/*gprof*"
      "usr/bin/*cxxcom"
      "usr/bin/*p++"
      "usr/bin/musl-gcc"
      "usr/bin/x86_64-linux-musl-gcc"
      "usr/lib/musl"
      "usr/lib/x86_64-linux-gnu/gprofng"
      "usr/lib/x86_64-linux-musl/musl-gcc.specs"
    ];
    # pcc knows the places of glibc only.
    scripts."usr/bin/cc" = ''
      #!/bin/sh
      lib=/usr/lib/x86_64-linux-musl
      start="$lib/crt1.o $lib/crti.o" end="-L$lib $lib/libc.a $lib/crtn.o"
      for word; do
        case $word in
          -c | -E | -S | -M | --version) start= end= ;;
        esac
      done
      exec pcc -nostdinc -isystem /usr/include/x86_64-linux-musl -static -nostdlib $start "$@" $end
    '';
  };

  inherit (import ./zig.nix machine) userland;
}
