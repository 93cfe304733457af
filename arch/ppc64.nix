{
  description = "big-endian 64-bit PowerPC from the 970 (G5) on, with the ABI of version 2";

  name = "ppc64";
  system = "ppc64-linux";
  machine = "powerpc64";
  triplet = "powerpc64-linux-musl";

  endian = "big";
  wordSize = 64;
  # Kernels are configured for pages of 4 or 64 KB.
  pageSize = 65536;
  usualPageSize = 65536;
  # musl has no other on this machine, and clang follows it.
  longDouble = "double";

  cpu = "970";
  # Version 1 of the ABI is what glibc has on this machine; musl has version 2.
  flags = [
    "-mcpu=970"
    "-mabi=elfv2"
    "-mlong-double-64"
  ];

  llvm = "PowerPC";
  musl = "powerpc64";
  loader = "ld-musl-powerpc64.so.1";
  linux = "powerpc";
  qemu = "ppc64";
  debian = "ppc64";
  apk = "ppc64";
  oci = "ppc64";

  elf = {
    class = 64;
    data = "big";
    machine = 21;
    # The two low bits are the version of the ABI.
    flags = {
      mask = 3;
      value = 2;
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
    branchProtection = [ ];
  };

  lto = {
    supported = true;
    thin = true;
  };
}
