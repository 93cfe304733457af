{
  description = "little-endian 64-bit POWER from POWER8 on";

  name = "ppc64le";
  system = "ppc64le-linux";
  # musl's loader and clang, which takes the loader's name from the triplet, say it in full.
  machine = "powerpc64le";
  triplet = "powerpc64le-linux-musl";

  endian = "little";
  wordSize = 64;
  # Kernels are configured for pages of 4 or 64 KB.
  pageSize = 65536;
  usualPageSize = 65536;
  # musl has no other on this machine, and clang follows it.
  longDouble = "double";

  cpu = "pwr8";
  flags = [
    "-mcpu=pwr8"
    "-mabi=elfv2"
    "-mlong-double-64"
  ];

  llvm = "PowerPC";
  musl = "powerpc64";
  loader = "ld-musl-powerpc64le.so.1";
  linux = "powerpc";
  qemu = "ppc64le";
  debian = "ppc64el";
  apk = "ppc64le";
  oci = "ppc64le";

  elf = {
    class = 64;
    data = "little";
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
