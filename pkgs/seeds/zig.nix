# The zig wheel of the Python package index: clang and lld in one static program,
# with musl's sources. As its userland, what shares least with the others: busybox,
# the static mksh, and make with the C library that it is linked with.
machine:

let
  zigs = {
    amd64 = {
      tags = "manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64";
      headers = "x86_64";
      kernel = "x86";
    };
    arm64 = {
      tags = "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64";
      headers = "aarch64";
      kernel = "aarch64";
    };
    ppc64el = {
      tags = "manylinux_2_17_ppc64le.manylinux2014_ppc64le.musllinux_1_1_ppc64le";
      headers = "powerpc64";
      kernel = "powerpc";
    };
    riscv64 = {
      tags = "manylinux_2_31_riscv64.musllinux_1_1_riscv64";
      headers = "riscv64";
      kernel = "riscv";
    };
  };
  here = zigs.${machine.debian};
  target = "${machine.machine}-linux-musl";
  # riscv64 is an architecture of Debian from 13 on.
  isNewer = machine.debian == "riscv64";
  gcc = if isNewer then "14" else "12";

  wheels = [ "pypi:ziglang==0.17.1/ziglang-0.17.1-py3-none-${here.tags}.whl" ];

  # zig compiles its own run-time library and musl when it links the first program,
  # which takes most of a minute, and keeps the objects. Each build gets a copy.
  zig = command: ''
    #!/bin/sh
    cache="''${TMPDIR:-/tmp}/.zig-cache"
    if test ! -d "$cache" && test -d /usr/share/zig-cache; then
      cp -R /usr/share/zig-cache "$cache.$$"
      chmod -R u+w "$cache.$$"
      mv -T "$cache.$$" "$cache" 2>/dev/null || rm -rf "$cache.$$"
    fi
    export ZIG_GLOBAL_CACHE_DIR="$cache" ZIG_LOCAL_CACHE_DIR="$cache"
    exec /ziglang/zig ${command} "$@"
  '';

  applets = builtins.listToAttrs (
    map
      (name: {
        name = "usr/bin/${name}";
        value = "busybox";
      })
      [
        "awk"
        "basename"
        "bunzip2"
        "bzcat"
        "bzip2"
        "cat"
        "chmod"
        "cmp"
        "cp"
        "cut"
        "date"
        "dd"
        "diff"
        "dirname"
        "du"
        "echo"
        "egrep"
        "env"
        "expand"
        "expr"
        "false"
        "fgrep"
        "find"
        "fold"
        "grep"
        "gunzip"
        "gzip"
        "head"
        "hostname"
        "id"
        "kill"
        "ln"
        "ls"
        "md5sum"
        "mkdir"
        "mkfifo"
        "mktemp"
        "mv"
        "nl"
        "nproc"
        "od"
        "paste"
        "patch"
        "printf"
        "pwd"
        "readlink"
        "realpath"
        "rm"
        "rmdir"
        "sed"
        "seq"
        "sha256sum"
        "sleep"
        "sort"
        "stat"
        "tac"
        "tail"
        "tar"
        "tee"
        "test"
        "time"
        "timeout"
        "touch"
        "tr"
        "true"
        "truncate"
        "uname"
        "unexpand"
        "uniq"
        "unxz"
        "wc"
        "which"
        "xargs"
        "xz"
        "xzcat"
        "yes"
        "zcat"
        "["
      ]
  );
in
{
  description = "zig's C compiler and musl, with busybox, mksh and make";
  compiles = {
    compiler = "clang";
    libc = "musl";
  };
  architectures = builtins.attrNames zigs;
  suite = if isNewer then "trixie" else "bookworm";

  toolchain = {
    inherit wheels;
    # Other systems' C libraries, and C++, which is a part of its own.
    exclude = [
      "ziglang-*.dist-info"
      "ziglang/doc"
      "ziglang/lib/docs"
      "ziglang/lib/libc/[!im]*"
      "ziglang/lib/libc/mingw"
      "ziglang/lib/libc/include/*bsd*"
      "ziglang/lib/libc/include/*darwin*"
      "ziglang/lib/libc/include/*glibc*"
      "ziglang/lib/libc/include/*gnu*"
      "ziglang/lib/libc/include/*wasi*"
      "ziglang/lib/libc/include/*windows*"
      "ziglang/lib/libcxx"
      "ziglang/lib/libcxxabi"
      "ziglang/lib/libtsan"
    ];
    scripts = {
      "usr/bin/cc" = zig "cc -target ${target} -fno-sanitize=undefined -Wno-incompatible-pointer-types";
      "usr/bin/ar" = zig "ar";
      "usr/bin/ranlib" = zig "ranlib";
    };
    prepare = ''
      echo 'int main(void) { return 0; }' > empty.c
      cc -static -o empty empty.c
      mkdir -p "$out/usr/share"
      cp -R .zig-cache "$out/usr/share/zig-cache"
      rm -rf "$out"/usr/share/zig-cache/tmp/*
    '';
  };

  # zig's own libc++ and libunwind, compiled by zig for its musl. What compiles with
  # them is zig's clang without zig's cache, into which `zig c++` would put a second
  # copy of every object: it is told by files what `zig c++ -v` says to tell it.
  cxx = {
    inherit wheels;
    only = [
      "ziglang/lib/libcxx"
      "ziglang/lib/libcxxabi"
    ];
    files = {
      "usr/share/zig-c++/compile" = ''
        --target=${target}
        -nostdinc
        -isystem /ziglang/lib/libcxx/include
        -isystem /ziglang/lib/libcxxabi/include
        -isystem /ziglang/lib/include
        -isystem /ziglang/lib/libc/include/${here.headers}-linux-musl
        -isystem /ziglang/lib/libc/include/generic-musl
        -isystem /ziglang/lib/libc/include/${here.kernel}-linux-any
        -isystem /ziglang/lib/libc/include/any-linux-any
        -isystem /ziglang/lib/libunwind/include
        -D_LIBCPP_ABI_NAMESPACE=__1
        -D_LIBCPP_ABI_VERSION=1
        -D_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE
        -D_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS
        -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE
        -D_LIBCPP_HAS_FILESYSTEM=1
        -D_LIBCPP_HAS_LOCALIZATION
        -D_LIBCPP_HAS_MONOTONIC_CLOCK
        -D_LIBCPP_HAS_MUSL_LIBC=1
        -D_LIBCPP_HAS_NO_STD_MODULES
        -D_LIBCPP_HAS_RANDOM_DEVICE
        -D_LIBCPP_HAS_TERMINAL
        -D_LIBCPP_HAS_THREADS=1
        -D_LIBCPP_HAS_TIME_ZONE_DATABASE
        -D_LIBCPP_HAS_UNICODE
        -D_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0
        -D_LIBCPP_HAS_WIDE_CHARACTERS
        -D_LIBCPP_PSTL_BACKEND_SERIAL
        -D_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS
        -fuse-ld=lld
        -nostdlib
        -L/usr/lib/zig-c++
        -Wno-unused-command-line-argument
      '';
      # A `$` is for links alone.
      "usr/share/zig-c++/link" = ''
        $-Wl,--eh-frame-hdr,-z,stack-size=16777216
        $-Wl,/usr/lib/zig-c++/crt1.o,--start-group,@/usr/lib/zig-c++/archives,--end-group
      '';
    };
    scripts = {
      # To make a precompiled header links nothing, but clang does not see that by the
      # first of its words.
      "usr/bin/c++" = ''
        #!/bin/sh
        link=--config=/usr/share/zig-c++/link
        for word; do
          case $word in
            c++-header) link= ;;
          esac
        done
        exec /ziglang/zig clang --driver-mode=g++ --config=/usr/share/zig-c++/compile $link "$@"
      '';
      "usr/bin/ld.lld" = ''
        #!/bin/sh
        exec /ziglang/zig ld.lld "$@"
      '';
      # zig has nothing that strips; programs are only larger for it.
      "usr/bin/strip" = ''
        #!/bin/sh
        exit 0
      '';
    };
    # What zig links C++ with, found by how it links.
    prepare = ''
      printf '%s\n' '#include <iostream>' 'int main() { std::cout << "empty" << std::endl; }' > empty.cc
      sed 's/ cc / c++ /' /usr/bin/cc > zig-c++
      ZIG_VERBOSE_LINK=1 sh ./zig-c++ -O2 -static -o empty empty.cc 2>&1 | tee links
      test "$(./empty)" = empty

      place=$out/usr/lib/zig-c++
      mkdir -p "$place"
      grep '^ld.lld .* -o empty ' links | tr ' ' '\n' > words
      cp "$(grep '/crt1\.o$' words)" "$place/"
      grep '\.a$' words | while read -r archive; do
        cp "$archive" "$place/"
        echo "/usr/lib/zig-c++/''${archive##*/}" >> "$place/archives"
      done
      # Parts of musl's libc.a that have names of their own.
      for name in crypt dl m pthread resolv rt util; do ar rc "$place/lib$name.a"; done
    '';
  };

  userland = {
    packages = [
      "busybox-static"
      "make"
      "mksh"
    ];
    without = [
      "gcc-${gcc}-base"
      "libgcc-s1"
    ];
    exclude = [
      "bin/lksh"
      "bin/mksh"
      "usr/include"
      "usr/lib/diet"
      "usr/lib/klibc"
      "usr/lib/${machine.machine}-linux-gnu/gconv"
      "usr/share"
    ]
    ++ (
      if isNewer then
        [
          "usr/bin/lksh"
          "usr/bin/mksh"
        ]
      else
        [ ]
    );

    # Busybox's own shell would run its applets in place of programs on the PATH,
    # an `ar` that cannot write among them.
    links = applets // {
      "bin" = "usr/bin";
      "lib" = "usr/lib";
      "lib64" = "usr/lib64";
      "sbin" = "usr/sbin";
      "usr/bin/sh" = "../lib/${machine.machine}-linux-musl/bin/mksh";
    };

    # Busybox as Debian builds it has no such applet.
    scripts."usr/bin/install" = ''
      #!/bin/sh
      set -e
      mode=755 directories=false
      while getopts cdm: option; do
        case $option in
          c) ;;
          d) directories=true ;;
          m) mode=$OPTARG ;;
          *) exit 2 ;;
        esac
      done
      shift $((OPTIND - 1))
      if $directories; then
        mkdir -p "$@"
        exec chmod "$mode" "$@"
      fi
      for target; do :; done
      test $# -ge 2 || { echo "install: name a file and a target" >&2; exit 2; }
      for source; do
        test "$#" -gt 1 || exit 0
        shift
        place=$target
        if test -d "$target"; then place=$target/$(basename "$source"); fi
        rm -f "$place"
        cp "$source" "$place"
        chmod "$mode" "$place"
      done
    '';
  };
}
