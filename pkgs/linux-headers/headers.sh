# headers.sh RESULT ARCHITECTURE, in a kernel's source tree: what `make headers_install`
# makes, but for comments and for what only the kernel itself would read, which stays.
set -eu
result=$1 machine=$2

# What is for the kernel's own checkers means nothing outside.
clean() {
  sed -E \
    -e 's/(^|[[:space:](])(__user|__force|__iomem)[[:space:]]/\1/g' \
    -e 's/__attribute_const__([[:space:]]|$)/\1/g' \
    -e 's/^#[[:space:]]*include[[:space:]]+<linux\/compiler(_types)?\.h>.*//' \
    -e 's/(^|[^a-zA-Z0-9_])__packed([^a-zA-Z0-9_]|$)/\1__attribute__((packed))\2/g' \
    -e 's/(^|[[:space:](])(inline|asm|volatile)([[:space:](]|$)/\1__\2__\3/g' \
    -e 's/^(#[[:space:]]*(ifndef|define|endif[[:space:]]*\/[*]))[[:space:]]*_UAPI/\1 /' \
    "$1"
}

install_tree() { # FROM TO
  (cd "$1" && find . -name '*.h') | while read -r header; do
    header=${header#./}
    mkdir -p "$2/$(dirname "$header")"
    clean "$1/$header" > "$2/$header"
  done
}

install_tree include/uapi "$result"
install_tree "arch/$machine/include/uapi" "$result"

# An architecture that has nothing to say about one of these means the general one.
for header in include/uapi/asm-generic/*.h; do
  name=${header##*/}
  test -e "$result/asm/$name" || printf '#include <asm-generic/%s>\n' "$name" > "$result/asm/$name"
done

# Numbers of system calls, where they are kept as tables.
numbers() { # TABLE RESULT ABIS PREFIX
  awk -v abis="$3" -v prefix="$4" '
    BEGIN { count = split(abis, list, ","); for (i = 1; i <= count; i++) wanted[list[i]] = 1 }
    /^[0-9]/ && ($2 in wanted) { printf "#define __NR_%s %s%s\n", $3, prefix, $1 }
  ' "$1" > "$2"
}
case $machine in
  x86)
    table=arch/x86/entry/syscalls/syscall
    numbers ${table}_32.tbl "$result/asm/unistd_32.h" i386 ''
    numbers ${table}_64.tbl "$result/asm/unistd_64.h" common,64 ''
    numbers ${table}_64.tbl "$result/asm/unistd_x32.h" common,x32 '__X32_SYSCALL_BIT + '
    ;;
  powerpc)
    table=arch/powerpc/kernel/syscalls/syscall.tbl
    numbers $table "$result/asm/unistd_32.h" common,nospu,32 ''
    numbers $table "$result/asm/unistd_64.h" common,nospu,64 ''
    ;;
esac

awk '
  /^VERSION = / { version = $3 } /^PATCHLEVEL = / { patch = $3 } /^SUBLEVEL = / { sub_ = $3 }
  END {
    printf "#define LINUX_VERSION_CODE %d\n", version * 65536 + patch * 256 + (sub_ > 255 ? 255 : sub_)
    print "#define KERNEL_VERSION(a,b,c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))"
    printf "#define LINUX_VERSION_MAJOR %d\n#define LINUX_VERSION_PATCHLEVEL %d\n#define LINUX_VERSION_SUBLEVEL %d\n", version, patch, sub_
  }
' Makefile > "$result/linux/version.h"
