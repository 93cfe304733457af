# What clang, lld and the archive tools are compiled from: folders, whose sources
# are all wanted, under the precompiled header that serves them best. The order of
# the parts is that in which they are built.
{
  # The generator of tables, and what it shares with everything else.
  tablegen = {
    none = [ "llvm/lib/Demangle" ];
    support = [
      "llvm/lib/Support"
      "llvm/lib/Support/BLAKE3"
    ];
    tblgen = [ "llvm/lib/TableGen" ];
  };

  generators = {
    support = [
      "clang/lib/Support"
      "llvm/lib/CodeGenTypes"
    ];
    tblgen = [
      "clang/utils/TableGen"
      "llvm/utils/TableGen"
      "llvm/utils/TableGen/Basic"
      "llvm/utils/TableGen/Common"
      "llvm/utils/TableGen/Common/GlobalISel"
    ];
  };

  # The generator of those of clang's headers that are generated.
  headers = {
    support = [ "clang/lib/Support" ];
    tblgen = [
      "clang/utils/TableGen"
      "llvm/lib/TableGen"
    ];
  };

  core = {
    support = [
      "llvm/lib/BinaryFormat"
      "llvm/lib/Bitstream/Reader"
      "llvm/lib/CodeGenTypes"
      "llvm/lib/Option"
      "llvm/lib/Remarks"
      "llvm/lib/TargetParser"
      "llvm/lib/ToolDrivers/llvm-dlltool"
      "llvm/lib/ToolDrivers/llvm-lib"
      "llvm/lib/WindowsDriver"
    ];
    mc = [
      "llvm/lib/MC"
      "llvm/lib/MC/MCDisassembler"
      "llvm/lib/MC/MCParser"
    ];
    object = [
      "llvm/lib/DebugInfo/BTF"
      "llvm/lib/DebugInfo/CodeView"
      "llvm/lib/DebugInfo/DWARF"
      "llvm/lib/DebugInfo/MSF"
      "llvm/lib/DebugInfo/PDB"
      "llvm/lib/DebugInfo/PDB/Native"
      "llvm/lib/DebugInfo/Symbolize"
      "llvm/lib/ObjCopy"
      "llvm/lib/ObjCopy/COFF"
      "llvm/lib/ObjCopy/ELF"
      "llvm/lib/ObjCopy/MachO"
      "llvm/lib/ObjCopy/XCOFF"
      "llvm/lib/ObjCopy/wasm"
      "llvm/lib/Object"
      "llvm/lib/TextAPI"
    ];
    ir = [
      "llvm/lib/AsmParser"
      "llvm/lib/Bitcode/Reader"
      "llvm/lib/Bitcode/Writer"
      "llvm/lib/Frontend/Driver"
      "llvm/lib/Frontend/HLSL"
      "llvm/lib/Frontend/Offloading"
      "llvm/lib/Frontend/OpenMP"
      "llvm/lib/IR"
      "llvm/lib/IRPrinter"
      "llvm/lib/IRReader"
      "llvm/lib/Linker"
      "llvm/lib/ProfileData"
      "llvm/lib/ProfileData/Coverage"
    ];
  };

  passes = {
    opt = [
      "llvm/lib/Analysis"
      "llvm/lib/LTO"
      "llvm/lib/Passes"
      "llvm/lib/Transforms/AggressiveInstCombine"
      "llvm/lib/Transforms/CFGuard"
      "llvm/lib/Transforms/Coroutines"
      "llvm/lib/Transforms/HipStdPar"
      "llvm/lib/Transforms/IPO"
      "llvm/lib/Transforms/InstCombine"
      "llvm/lib/Transforms/Instrumentation"
      "llvm/lib/Transforms/ObjCARC"
      "llvm/lib/Transforms/Scalar"
      "llvm/lib/Transforms/Utils"
      "llvm/lib/Transforms/Vectorize"
    ];
  };

  codegen.codegen = [
    "llvm/lib/CodeGen"
    "llvm/lib/CodeGen/AsmPrinter"
    "llvm/lib/CodeGen/GlobalISel"
    "llvm/lib/CodeGen/LiveDebugValues"
    "llvm/lib/CodeGen/SelectionDAG"
    "llvm/lib/Target"
  ];

  frontend = {
    support = [ "clang/lib/Support" ];
    basic = [
      "clang/lib/Basic"
      "clang/lib/Basic/Targets"
    ];
    lex = [ "clang/lib/Lex" ];
    ast = [
      "clang/lib/APINotes"
      "clang/lib/AST"
      "clang/lib/AST/Interp"
      "clang/lib/ASTMatchers"
      "clang/lib/Analysis"
      "clang/lib/Edit"
      "clang/lib/ExtractAPI"
      "clang/lib/ExtractAPI/Serialization"
      "clang/lib/Index"
      "clang/lib/InstallAPI"
      "clang/lib/Rewrite"
    ];
  };

  semantics.sema = [
    "clang/lib/Parse"
    "clang/lib/Sema"
  ];

  backend = {
    cgen = [
      "clang/lib/CodeGen"
      "clang/lib/CodeGen/Targets"
    ];
    driver = [
      "clang/lib/Driver"
      "clang/lib/Driver/ToolChains"
      "clang/lib/Driver/ToolChains/Arch"
    ];
    frontend = [
      "clang/lib/Frontend"
      "clang/lib/Frontend/Rewrite"
      "clang/lib/FrontendTool"
      "clang/lib/Serialization"
    ];
  };

  # Of each machine that code can be made for: the folders below its own.
  targets = {
    AArch64 = [
      "AsmParser"
      "GISel"
      "MCTargetDesc"
      "TargetInfo"
      "Utils"
    ];
    PowerPC = [
      "AsmParser"
      "GISel"
      "MCTargetDesc"
      "TargetInfo"
    ];
    RISCV = [
      "AsmParser"
      "GISel"
      "MCTargetDesc"
      "TargetInfo"
    ];
    X86 = [
      "AsmParser"
      "GISel"
      "MCTargetDesc"
      "TargetInfo"
    ];
  };

  # What the one program is linked from beside libraries.
  programs = {
    driver = [ "clang/tools/driver" ];
    object = [
      "lld/Common"
      "lld/ELF"
      "lld/ELF/Arch"
      "lld/tools/lld"
    ];
    support = [
      "llvm/tools/llvm-ar"
      "llvm/tools/llvm-driver"
      "llvm/tools/llvm-nm"
      "llvm/tools/llvm-objcopy"
    ];
  };

  # Where two names meet in the header of the folder, a smaller one is taken; and
  # hash functions for particular machines are left to the portable one.
  exceptions = {
    "llvm/lib/Support/BLAKE3/blake3_avx2.c" = "absent";
    "llvm/lib/Support/BLAKE3/blake3_avx512.c" = "absent";
    "llvm/lib/Support/BLAKE3/blake3_neon.c" = "absent";
    "llvm/lib/Support/BLAKE3/blake3_sse2.c" = "absent";
    "llvm/lib/Support/BLAKE3/blake3_sse41.c" = "absent";
    "clang/lib/APINotes/APINotesYAMLCompiler.cpp" = "support";
    "clang/lib/CodeGen/CGLoopInfo.cpp" = "basic";
    "clang/lib/Frontend/TextDiagnostic.cpp" = "basic";
    "clang/tools/driver/cc1as_main.cpp" = "support";
  };
}
