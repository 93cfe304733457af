# What the base of a system of the set `chimera` is made of, and the rule that it obeys:
# no program of GNU but those in `gnu`. Tools of builds may be GNU's, and never reach it.
# lib/base-rule.nix decides from what packages say of themselves, and `chx pkgs lint`
# looks at what was built.
{
  # Where its packages are looked for when their commands are listed, the first first.
  sets = [
    "chimera"
    "tiny"
  ];

  packages = [
    "awk"
    "base-files"
    "base-full"
    "base-minimal"
    "bmake"
    "byacc"
    "bzip2"
    "compiler-rt"
    "dash"
    "fortify-headers"
    "less"
    "libarchive"
    "libcxx"
    "libcxxabi"
    "libedit"
    "libmd"
    "libunwind"
    "linux-headers"
    "llvm"
    "lua"
    "make"
    "mandoc"
    "mksh"
    "musl"
    "ncompress"
    "ncurses"
    "ninja"
    "service-manager"
    "sysvinit"
    "toybox"
    "toybox-system"
    "xz"
    "zlib"
    "zstd"
  ];

  gnu = [
    "make"
    "ncurses"
  ];
}
