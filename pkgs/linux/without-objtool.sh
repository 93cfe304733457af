# without-objtool.sh FILE: add to include/linux/objtool.h the macro that assembly asks
# for and does not find without CONFIG_OBJTOOL.
set -eu
awk '
  /^#else .*!CONFIG_OBJTOOL/ { isWithout = 1 }
  { print }
  isWithout && /^#else$/ { print ".macro VALIDATE_UNRET_BEGIN\n.endm"; done = 1 }
  END { exit !done }
' "$1" > "$1.new"
mv "$1.new" "$1"
