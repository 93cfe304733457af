{
  description = "64-bit RISC-V with the extensions G and C";

  name = "riscv64";
  system = "riscv64-linux";
  machine = "riscv64";
  triplet = "riscv64-linux-musl";

  endian = "little";
  wordSize = 64;
  pageSize = 4096;
  usualPageSize = 4096;
  longDouble = "quad";

  cpu = "rv64gc";
  flags = [
    "-march=rv64gc"
    "-mabi=lp64d"
  ];

  llvm = "RISCV";
  musl = "riscv64";
  loader = "ld-musl-riscv64.so.1";
  linux = "riscv";
  qemu = "riscv64";
  debian = "riscv64";
  apk = "riscv64";
  oci = "riscv64";

  elf = {
    class = 64;
    data = "little";
    machine = 243;
    # Two bits are the ABI of floating point; that of compressed code differs from file to file.
    flags = {
      mask = 6;
      value = 4;
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

  lto = {
    supported = true;
    thin = true;
  };
}
