// lld is built for ELF alone; what it would call for other formats says so.
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"

#define ABSENT(format)                                                                                                 \
  namespace lld::format {                                                                                              \
  bool link(llvm::ArrayRef<const char *>, llvm::raw_ostream &, llvm::raw_ostream &errors, bool, bool) {                \
    errors << "ld: this linker makes ELF files only, not " #format "\n";                                               \
    return false;                                                                                                      \
  }                                                                                                                    \
  }

ABSENT(coff)
ABSENT(macho)
ABSENT(mingw)
ABSENT(wasm)
