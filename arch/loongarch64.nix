{
  description = "64-bit LoongArch without vectors";
  # Described to show how: nothing is built for it.
  demonstration = true;

  name = "loongarch64";
  system = "loongarch64-linux";
  machine = "loongarch64";
  triplet = "loongarch64-linux-musl";

  endian = "little";
  wordSize = 64;
  # Kernels are configured for pages of 4, 16 or 64 KB.
  pageSize = 65536;
  usualPageSize = 16384;
  longDouble = "quad";

  cpu = "loongarch64";
  # Without -march clang 19 uses vectors (LSX), which qemu 7.2 does not know.
  flags = [
    "-march=loongarch64"
    "-mabi=lp64d"
  ];

  llvm = "LoongArch";
  musl = "loongarch64";
  loader = "ld-musl-loongarch64.so.1";
  linux = "loongarch";
  qemu = "loongarch64";
  debian = "loong64";
  apk = "loongarch64";
  oci = "loong64";

  elf = {
    class = 64;
    data = "little";
    machine = 258;
    # Three bits are the ABI of floating point, two the version of the relocations.
    flags = {
      mask = 199;
      value = 67;
    };
  };

  hardening = {
    pie = true;
    stackProtector = true;
    fortify = true;
    relro = true;
    now = true;
    autoVarInit = true;
    # clang 19 has it for x86, AArch64, 64-bit PowerPC and SystemZ.
    stackClash = false;
    integerSanitizers = true;
    # clang 19 has none.
    branchProtection = [ ];
  };

  # Nobody has tried it with LLVM 19.
  lto = {
    supported = false;
    thin = false;
  };
}
