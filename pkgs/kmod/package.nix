# modprobe, insmod, depmod and so on, which are one program, and libkmod.
#
# Its build systems need tools of their own for what is one command here.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
  xz,
  zlib,
  zstd,
}:

mkDerivation {
  pname = "kmod";
  version = "34.2";

  src = unpack {
    name = "kmod-source";
    src = fetchurl {
      url = "debian-source:kmod/kmod_34.2.orig.tar.xz";
      sha256 = "012d16e2099115486d8aa9f2c2a23d058d3d0cad83113a60512647d25d3869e8";
    };
  };

  libraries = [
    zlib
    zstd
  ]
  # Only the toolchain of tcc comes without them.
  ++ (if toolchain.compiler == "tcc" then [ linux-headers ] else [ ]);

  # By its path: the files of a seed may have an xz of their own at /usr.
  byPath = [ xz ];
  CPPFLAGS = "-I${xz}/usr/include";
  LDFLAGS_XZ = "-L${xz}/usr/lib";

  # tcc tells files by the names by which they are included, for #pragma once.
  postPatch = ''
    for header in libkmod/*.h shared/*.h tools/*.h; do
      if grep -q '^#pragma once' "$header"; then
        guard=$(echo "$header" | tr 'a-z/.-' 'A-Z___')
        sed -i "s/^#pragma once/#ifndef $guard\n#define $guard/" "$header"
        echo '#endif' >> "$header"
      fi
    done
  '';

  hasBasename = if toolchain.libc == "glibc" then "1" else "0";

  configurePhase = ''
    cat > config.h << EOF
    #define _GNU_SOURCE 1
    #define PACKAGE "kmod"
    #define VERSION "34.2"
    #define SYSCONFDIR "/etc"
    #define DISTCONFDIR "/usr/lib"
    #define MODULE_DIRECTORY "/lib/modules"
    #define KMOD_FEATURES "+ZSTD +XZ +ZLIB -LIBCRYPTO"
    #define ENABLE_LOGGING 1
    #define ENABLE_DEBUG 0
    #define ENABLE_ELFDBG 0
    #define ENABLE_XZ 1
    #define ENABLE_ZLIB 1
    #define ENABLE_ZSTD 1
    #define HAVE_DECL_BASENAME $hasBasename
    #define HAVE_SECURE_GETENV 1
    #define HAVE_STRUCT_STAT_ST_MTIM 1
    #ifndef __SIZEOF_SIZE_T__
    #define __SIZEOF_SIZE_T__ __SIZEOF_POINTER__
    #endif
    #ifdef __TINYC__
    static inline int __builtin_clz(unsigned int value)
    {
      int zeros = 0;
      for (; !(value & 0x80000000u); value <<= 1)
        zeros++;
      return zeros;
    }
    #endif
    EOF
    sed -e 's,@prefix@,/usr,' -e 's,@exec_prefix@,/usr,' -e 's,@libdir@,/usr/lib,' -e 's,@includedir@,/usr/include,' \
      -e 's,@VERSION@,34.2,' -e 's,@[a-z_]*@,,g' -e 's,^Requires.private:.*,Requires.private: liblzma libzstd zlib,' \
      libkmod/libkmod.pc.in > libkmod.pc
  '';

  buildPhase = ''
    for file in libkmod/*.c shared/*.c tools/*.c; do
      $CC $CFLAGS $CPPFLAGS -std=gnu11 -D_FILE_OFFSET_BITS=64 -include ./config.h -I. -c -o "''${file%.c}.o" "$file"
    done
    $AR rc libkmod.a libkmod/*.o shared/*.o
    $RANLIB libkmod.a
    $CC $CFLAGS $LDFLAGS $LDFLAGS_XZ -o kmod tools/*.o libkmod.a -llzma -lzstd -lz
  '';

  doCheck = true;
  checkPhase = ''
    mkdir -p root/lib/modules/6.1.0
    ln -s kmod depmod
    ./depmod -b "$PWD/root" 6.1.0
    test -s root/lib/modules/6.1.0/modules.dep.bin
    echo 'options answer value=42' > options.conf
    ./kmod --version | grep -q '^kmod version 34.2$'
    ln -s kmod modprobe
    ./modprobe -C "$PWD/options.conf" -c | grep -q '^options answer value=42$'
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib/pkgconfig" "$out/usr/share/man/man5"
    cp kmod "$out/usr/bin/"
    for name in depmod insmod lsmod modinfo modprobe rmmod; do
      ln -s kmod "$out/usr/bin/$name"
    done
    cp libkmod/libkmod.h "$out/usr/include/"
    cp libkmod.a "$out/usr/lib/"
    cp libkmod.pc "$out/usr/lib/pkgconfig/"
    cp man/*.5 "$out/usr/share/man/man5/"
  '';

  meta = {
    description = "programs that load and list modules of the kernel, and libkmod";
    homepage = "https://git.kernel.org/pub/scm/utils/kernel/kmod/kmod.git";
    license = "GPL-2.0-or-later AND LGPL-2.1-or-later";
    origin = "independent";
  };
}
