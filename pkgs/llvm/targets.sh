# `select_targets FOLDER` writes the headers that say which machines code can be made
# for; $targets names them.
target_list() { # FILE MACRO
  for target in $targets; do printf '%s(%s)\n' "$2" "$target"; done > "$1"
  printf '#undef %s\n' "$2" >> "$1"
}

select_targets() {
  config=$1/include/llvm/Config
  mkdir -p "$config"
  target_list "$config/Targets.def" LLVM_TARGET
  target_list "$config/AsmPrinters.def" LLVM_ASM_PRINTER
  target_list "$config/AsmParsers.def" LLVM_ASM_PARSER
  echo '#undef LLVM_DISASSEMBLER' > "$config/Disassemblers.def"
  echo '#undef LLVM_TARGETMCA' > "$config/TargetMCAs.def"
  echo '#undef LLVM_EXEGESIS' > "$config/TargetExegesis.def"
}
