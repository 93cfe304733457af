{
  name = "aarch64";
  system = "aarch64-linux";
  triplet = "aarch64-linux-musl";
  endian = "little";
  wordSize = 64;
  debian = "arm64";
  llvm = "AArch64";
  musl = "aarch64";
  linux = "arm64";
}
