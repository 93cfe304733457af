# `configure FOLDER` writes the headers that LLVM's own build system would write: for any system
# with pthreads and POSIX, whichever C library it has. $triplet is what is compiled for when nothing
# else is asked, $version is LLVM's.
is() { for name; do printf '#define %s 1\n' "$name"; done; }
is_not() { for name; do printf '#define %s 0\n' "$name"; done; }
is_text() { printf '#define %s "%s"\n' "$1" "$2"; }
is_number() { printf '#define %s %s\n' "$1" "$2"; }

configure() {
  major=${version%%.*}
  rest=${version#*.}
  minor=${rest%%.*}
  patch=${rest#*.}

  mkdir -p "$1/include/llvm/Config" "$1/include/llvm/Support" "$1/clang/include/clang/Config" \
    "$1/clang/include/clang/Basic" "$1/clang/lib/Basic" "$1/lld/include/lld/Common" "$1/lld/Common"

  {
    is_not LLVM_ENABLE_ABI_BREAKING_CHECKS LLVM_ENABLE_REVERSE_ITERATION
  } > "$1/include/llvm/Config/abi-breaking.h"

  {
    echo '#pragma once'
    is LLVM_ENABLE_THREADS LLVM_HAS_ATOMICS LLVM_ON_UNIX HAVE_SYSEXITS_H LLVM_UNREACHABLE_OPTIMIZE
    is_not LLVM_ENABLE_ZLIB LLVM_ENABLE_ZSTD LLVM_ENABLE_DIA_SDK LLVM_FORCE_ENABLE_STATS \
      LLVM_USE_INTEL_JITEVENTS LLVM_USE_OPROFILE LLVM_USE_PERF
    is_text LLVM_DEFAULT_TARGET_TRIPLE "$triplet"
    is_text LLVM_HOST_TRIPLE "$triplet"
    is_text LLVM_VERSION_STRING "$version"
    is_number LLVM_VERSION_MAJOR "$major"
    is_number LLVM_VERSION_MINOR "$minor"
    is_number LLVM_VERSION_PATCH "$patch"
  } > "$1/include/llvm/Config/llvm-config.h"

  {
    echo '#pragma once'
    echo '#include "llvm/Config/llvm-config.h"'
    is HAVE_DECL_FE_ALL_EXCEPT HAVE_DECL_FE_INEXACT HAVE_DLFCN_H HAVE_DLOPEN HAVE_ERRNO_H HAVE_FCNTL_H HAVE_FENV_H \
      HAVE_FUTIMENS HAVE_GETPAGESIZE HAVE_GETRLIMIT HAVE_GETRUSAGE HAVE_ISATTY HAVE_LIBPTHREAD \
      HAVE_LINK_H HAVE_POSIX_SPAWN HAVE_PREAD HAVE_PTHREAD_H HAVE_PTHREAD_MUTEX_LOCK HAVE_PTHREAD_RWLOCK_INIT HAVE_SBRK \
      HAVE_SETENV HAVE_SETRLIMIT HAVE_SIGALTSTACK HAVE_SIGNAL_H HAVE_STRERROR_R HAVE_SYSCONF HAVE_SYS_IOCTL_H \
      HAVE_SYS_MMAN_H HAVE_SYS_PARAM_H HAVE_SYS_RESOURCE_H HAVE_SYS_STAT_H HAVE_SYS_TIME_H HAVE_SYS_TYPES_H \
      HAVE_STRUCT_STAT_ST_MTIM_TV_NSEC HAVE_TERMIOS_H HAVE_UNISTD_H
    is_not ENABLE_BACKTRACES ENABLE_CRASH_OVERRIDES HAVE_CRASHREPORTER_INFO HAVE_DECL_ARC4RANDOM HAVE_DECL_STRERROR_S \
      LLVM_ENABLE_CRASH_DUMPS LLVM_GISEL_COV_ENABLED LLVM_SUPPORT_XCODE_SIGNPOSTS \
      LLVM_VERSION_PRINTER_SHOW_BUILD_CONFIG LLVM_VERSION_PRINTER_SHOW_HOST_TARGET_INFO LLVM_WINDOWS_PREFER_FORWARD_SLASH
    is_text BUG_REPORT_URL "the chx project"
    is_text PACKAGE_BUGREPORT "the chx project"
    is_text PACKAGE_NAME LLVM
    is_text PACKAGE_STRING "LLVM $version"
    is_text PACKAGE_VERSION "$version"
    is_text LTDL_SHLIB_EXT .so
    is_text LLVM_PLUGIN_EXT .so
  } > "$1/include/llvm/Config/config.h"

  : > "$1/include/llvm/Support/Extension.def"
  : > "$1/include/llvm/Support/VCSRevision.h"
  : > "$1/clang/lib/Basic/VCSVersion.inc"
  : > "$1/lld/Common/VCSVersion.inc"

  {
    echo '#pragma once'
    is CLANG_DEFAULT_PIE_ON_LINUX CLANG_HAVE_DLFCN_H CLANG_HAVE_RLIMITS ENABLE_X86_RELAX_RELOCATIONS
    is_not CLANG_ENABLE_ARCMT CLANG_ENABLE_CIR CLANG_ENABLE_OBJC_REWRITER CLANG_ENABLE_STATIC_ANALYZER CLANG_SPAWN_CC1 \
      PPC_LINUX_DEFAULT_IEEELONGDOUBLE
    is_text BUG_REPORT_URL "the chx project"
    is_text CLANG_DEFAULT_LINKER lld
    is_text CLANG_DEFAULT_CXX_STDLIB libc++
    is_text CLANG_DEFAULT_RTLIB compiler-rt
    is_text CLANG_DEFAULT_UNWINDLIB libunwind
    is_text CLANG_DEFAULT_OBJCOPY llvm-objcopy
    is_text CLANG_DEFAULT_OPENMP_RUNTIME libomp
    is_text CLANG_SYSTEMZ_DEFAULT_ARCH z10
    is_text CLANG_INSTALL_LIBDIR_BASENAME lib
    is_text CLANG_RESOURCE_DIR ""
    is_text C_INCLUDE_DIRS ""
    is_text DEFAULT_SYSROOT ""
    is_text GCC_INSTALL_PREFIX ""
  } > "$1/clang/include/clang/Config/config.h"

  {
    is_number CLANG_VERSION "$version"
    is_text CLANG_VERSION_STRING "$version"
    is_number CLANG_VERSION_MAJOR "$major"
    is_text CLANG_VERSION_MAJOR_STRING "$major"
    is_number CLANG_VERSION_MINOR "$minor"
    is_number CLANG_VERSION_PATCHLEVEL "$patch"
  } > "$1/clang/include/clang/Basic/Version.inc"

  is_text LLD_VERSION_STRING "$version" > "$1/lld/include/lld/Common/Version.inc"
}
