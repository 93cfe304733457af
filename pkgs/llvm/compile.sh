# What the parts of LLVM are compiled with. Given are
#   $source      the sources
#   $generated   trees of generated headers, the first found wins
#   $folders     PCH=FOLDER for every folder of sources
#   $exceptions  FILE=PCH where another precompiled header is to be taken
#   $headers     the precompiled headers' texts
# and what is made lies below the current directory: `library FOLDER` tells where.

defines='-DNDEBUG -D_GNU_SOURCE -D__STDC_CONSTANT_MACROS -D__STDC_FORMAT_MACROS -D__STDC_LIMIT_MACROS'
defines="$defines -DBLAKE3_NO_AVX512 -DBLAKE3_NO_AVX2 -DBLAKE3_NO_SSE41 -DBLAKE3_NO_SSE2 -DBLAKE3_USE_NEON=0"

# Neither where it is built nor where its sources lie is to be seen in the result.
maps="-ffile-prefix-map=$source=/usr/src/llvm -ffile-prefix-map=$PWD=/usr/src/llvm"
for tree in $generated; do maps="$maps -ffile-prefix-map=$tree=/usr/src/llvm"; done

common="-O2 -w -fno-pic -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables $defines $maps"
common_cxx="$common -std=c++17 -fno-exceptions -fno-rtti -fvisibility-inlines-hidden"

# Of clang's precompiled headers, the time of making would be part.
case $(c++ --version) in
  *clang*) precompile='-Xclang -fno-pch-timestamp -fpch-instantiate-templates' ;;
  *) precompile= ;;
esac

includes() {
  case $1 in
    clang/*) components='llvm clang' ;;
    lld/*) components='llvm lld' ;;
    *) components=llvm ;;
  esac
  folder=$1
  while :; do
    case $folder in */*/*) ;; *) break ;; esac
    printf ' -I%s' "$source/$folder"
    inner=${folder#llvm/}
    for tree in $generated; do
      test ! -d "$tree/$inner" || printf ' -I%s' "$tree/$inner"
    done
    folder=${folder%/*}
  done
  for tree in $generated; do
    test ! -d "$tree/include" || printf ' -I%s' "$tree/include"
    test ! -d "$tree/tools" || printf ' -I%s' "$tree/tools"
    for component in $components; do
      test ! -d "$tree/$component/include" || printf ' -I%s' "$tree/$component/include"
    done
  done
  for component in $components; do printf ' -I%s' "$source/$component/include"; done
}

library() { printf 'lib/%s.a' "$(printf '%s' "$1" | tr / -)"; }

# The headers that are compiled once, with all that any of them includes.
header_rules() {
  for name in $(printf '%s\n' $folders $swapped | sed 's/=.*//' | sort -u); do
    case $name in none | absent) continue ;; esac
    printf 'pch/%s.h.gch: pch/%s.h\n' "$name" "$name"
    printf '\tc++ %s %s%s -I%s/clang/lib/CodeGen -Ipch -x c++-header pch/%s.h -o $@\n' \
      "$common_cxx" "$precompile" "$(includes clang/lib/none)$(includes lld/none/none)" "$source" "$name"
  done
}

# Rules for the library of one folder.
folder_rules() {
  pch=$1 folder=$2
  flags=$(includes "$folder")
  objects=
  for file in "$source/$folder"/*.cpp "$source/$folder"/*.c; do
    test -e "$file" || continue
    path=${file#"$source/"}
    name=${path##*/}
    used=$pch
    for exception in $exceptions; do
      test "${exception%=*}" != "$path" || used=${exception#*=}
    done
    test "$used" != absent || continue
    object=objects/$path.o
    objects="$objects $object"
    case $name:$used in
      *.c:*) printf '%s:\n\tcc %s%s -c %s -o $@\n' "$object" "$common" "$flags" "$file" ;;
      *:none) printf '%s:\n\tc++ %s%s -c %s -o $@\n' "$object" "$common_cxx" "$flags" "$file" ;;
      *)
        printf '%s: pch/%s.h.gch\n\tc++ %s%s -include pch/%s.h -c %s -o $@\n' \
          "$object" "$used" "$common_cxx" "$flags" "$used" "$file"
        ;;
    esac
  done
  mkdir -p "objects/$folder"
  printf '%s:%s\n\tar rcs $@ %s\n' "$(library "$folder")" "$objects" "$objects"
}

# The makefile for all $folders.
rules() {
  swapped=
  for exception in $exceptions; do
    case " $folders " in
      *"=$(dirname "${exception%=*}") "*) swapped="$swapped ${exception#*=}" ;;
    esac
  done
  mkdir -p lib
  rm -rf pch
  cp -R "$headers" pch
  chmod -R u+w pch
  printf 'all:'
  for folder in $folders; do printf ' %s' "$(library "${folder#*=}")"; done
  printf '\n'
  header_rules
  for folder in $folders; do folder_rules "${folder%%=*}" "${folder#*=}"; done
}

compile() {
  rules > Makefile
  make -j"$NIX_BUILD_CORES" all
}

# Run the table generators over one list: OUTPUT TOOL SOURCE ARGUMENTS for each line,
# with the tools in $1 and the results below $2.
tabulate() {
  while read -r output tool text arguments; do
    flags="-I$source/llvm/include -I$source/${text%/*}"
    case $text in
      clang/*) flags="$flags -I$source/clang/include" ;;
      llvm/lib/Target/*) flags="$flags -I$source/llvm/lib/Target" ;;
    esac
    mkdir -p "$2/${output%/*}"
    printf '%s:\n\t%s %s %s %s -o $@\n' "$2/$output" "$1/$tool" "$arguments" "$flags" "$source/$text" >> tables.mk
    printf 'all: %s\n' "$2/$output" >> tables.mk
  done
  make -s -j"$NIX_BUILD_CORES" -f tables.mk all
  rm tables.mk
}
