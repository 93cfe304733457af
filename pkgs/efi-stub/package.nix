# The program of UEFI that starts a kernel which is a part of its own file.
{
  mkDerivation,
  profile,
  toolchain,
}:

let
  machines = {
    x86_64 = {
      # IMAGE_FILE_MACHINE_AMD64, and no registers that the firmware did not save.
      number = "0x8664";
      flags = "-mno-red-zone -mgeneral-regs-only";
    };
    aarch64 = {
      number = "0xaa64";
      flags = "-mgeneral-regs-only";
    };
  };
  machine = machines.${profile.name};
in
mkDerivation {
  pname = "efi-stub";
  version = "1";

  platforms = builtins.attrNames machines;
  broken = if toolchain.compiler == "clang" then null else "it is compiled by clang, and the compiler of the set is ${toolchain.compiler}";

  inherit (machine) flags number;
  target = profile.triplet;
  unpackPhase = "cp ${./stub.c} stub.c; cp ${./header.S} header.S";
  configurePhase = ''
    sh ${../linux/toolchain.sh} "$PWD/toolchain"
    PATH=$PWD/toolchain:$PATH
    export PATH
  '';
  buildPhase = ''
    flags="--target=$target -O2 -ffreestanding -nostdlibinc -fpie -fshort-wchar -fno-stack-protector -fno-asynchronous-unwind-tables $flags"
    clang $flags -Wall -Wextra -Wno-unused-parameter -c -o stub.o stub.c
    clang $flags -DMACHINE=$number -c -o header.o header.S
    ld.lld -static -nostdlib --build-id=none -T ${./stub.lds} -o stub.elf header.o stub.o
    llvm-objcopy -O binary stub.elf stub.efi
  '';
  installPhase = ''
    mkdir -p "$out/usr/lib/efi-stub"
    cp stub.efi "$out/usr/lib/efi-stub/"
  '';
  fixupPhase = "";

  boot.stub = "usr/lib/efi-stub/stub.efi";

  meta = {
    description = "program of UEFI that starts the kernel in its own file";
    homepage = "https://uefi.org/specs/UEFI/2.10/";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
