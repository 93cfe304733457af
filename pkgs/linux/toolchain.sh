# toolchain.sh DIRECTORY: links with the names that the kernel's makefiles call, to LLVM's
# programs of this root, which may have a version in their names.
set -eu
mkdir -p "$1"
# `set` sorts what a pattern matches; the last is the newest.
last() {
  for name; do :; done
  echo "$name"
}
link() {
  for name in "$2" "$3"; do
    found=$(last /usr/bin/$name)
    if [ -e "$found" ]; then
      ln -s "$found" "$DIRECTORY/$1"
      return
    fi
  done
  echo "toolchain.sh: there is no $1 here" >&2
  exit 1
}
DIRECTORY=$1
link clang clang 'clang-[0-9]*'
link ld.lld ld.lld 'ld.lld-[0-9]*'
# The compiler for programs of the build asks for `ld`.
link ld ld.lld 'ld.lld-[0-9]*'
for name in ar nm objcopy strip ranlib; do
  link llvm-$name llvm-$name "llvm-$name-[0-9]*"
done
