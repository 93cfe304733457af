# x86-64, as every processor of the family has it.
{
  name = "x86_64";
  system = "x86_64-linux";
  triplet = "x86_64-linux-musl";
  endian = "little";
  wordSize = 64;
  debian = "amd64";
  llvm = "X86";
  musl = "x86_64";
  linux = "x86";
}
