{
  description = "x86-64, as every processor of the family has it";

  name = "x86_64";
  system = "x86_64-linux";
  machine = "x86_64";
  triplet = "x86_64-linux-musl";

  endian = "little";
  wordSize = 64;
  pageSize = 4096;
  usualPageSize = 4096;
  longDouble = "x87";

  cpu = "x86-64";
  flags = [ "-march=x86-64" ];

  llvm = "X86";
  musl = "x86_64";
  loader = "ld-musl-x86_64.so.1";
  linux = "x86";
  qemu = "x86_64";
  debian = "amd64";
  apk = "x86_64";
  oci = "amd64";

  elf = {
    class = 64;
    data = "little";
    machine = 62;
    # No bit of e_flags means anything.
    flags = {
      mask = 0;
      value = 0;
    };
  };

  hardening = {
    pie = true;
    stackProtector = true;
    fortify = true;
    relro = true;
    now = true;
    autoVarInit = true;
    stackClash = true;
    integerSanitizers = true;
    # Control-flow enforcement: endbr64, and shadow stacks where the kernel has them.
    branchProtection = [ "-fcf-protection=full" ];
  };

  lto = {
    supported = true;
    thin = true;
  };
}
