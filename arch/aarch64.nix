{
  description = "64-bit ARM from ARMv8-A on";

  name = "aarch64";
  system = "aarch64-linux";
  machine = "aarch64";
  triplet = "aarch64-linux-musl";

  endian = "little";
  wordSize = 64;
  # Kernels are configured for pages of 4, 16 or 64 KB.
  pageSize = 65536;
  usualPageSize = 4096;
  longDouble = "quad";

  cpu = "armv8-a";
  flags = [ "-march=armv8-a" ];

  llvm = "AArch64";
  musl = "aarch64";
  loader = "ld-musl-aarch64.so.1";
  linux = "arm64";
  qemu = "aarch64";
  debian = "arm64";
  apk = "aarch64";
  oci = "arm64";

  elf = {
    class = 64;
    data = "little";
    machine = 183;
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
    # Signed return addresses and landing pads: hints, which older processors ignore.
    branchProtection = [ "-mbranch-protection=standard" ];
  };

  lto = {
    supported = true;
    thin = true;
  };
}
