# Makes the headers of generated/ for the commands named in $commands. What each
# holds is described in toybox's own scripts/; it is made here without bash and
# without the configuration language.
set -eu

mkdir generated

# Parts that are not commands, switched on.
parts="toybox toybox_float toybox_fork test_glue"
# What configure would look for, and does not need.
probes="container fifreeze iconv shadow utmpx on_android android_schedpolicy fork prlimit
  getrandom copyfilerange hastimers"

enabled=" $(echo $parts $commands | tr '[:lower:]' '[:upper:]') "
{
  sed -n 's/^config  *\([A-Z0-9_]*\).*/\1/p' Config.in toys/*/*.c
  for probe in $probes; do echo "TOYBOX_$probe" | tr '[:lower:]' '[:upper:]'; done
} | sort -u | while read -r symbol; do
  case $enabled in
    *" $symbol "*) echo "#define CFG_$symbol 1"; echo "#define USE_$symbol(...) __VA_ARGS__" ;;
    *) echo "#define CFG_$symbol 0"; echo "#define USE_$symbol(...)" ;;
  esac
done > generated/config.h

# One line for each command, in the order of names.
{
  echo 'USE_TOYBOX(NEWTOY(toybox, 0, TOYFLAG_STAYROOT|TOYFLAG_NOHELP))'
  sed -n 's/^\(USE_[^(]*(.*TOY(\)\([^,]*\)\(,.*\)/\2 \1\2\3/p' toys/*/*.c | sort -s -k 1,1 | sed 's/[^ ]* //'
} > generated/newtoys.h

# Options of the commands: as they are with this configuration (B), beside as
# they would be with everything switched on (A), so that bits stay where they are.
options() {
  echo "#define NEWTOY(aa,bb,cc) aa $1 bb"
  echo '#define OLDTOY(...)'
  case $1 in
    A) cat generated/config.h ;;
    B) sed '/USE_.*([^)]*)$/s/$/ __VA_ARGS__/' generated/config.h ;;
  esac
  echo '#include "lib/toyflags.h"'
  cat generated/newtoys.h
}
for kind in A B; do
  options $kind > options.c
  $CC_FOR_BUILD -I. -E options.c | sed -n -e 's/" *"//g;/^#/d;t clear' -e ':clear' -e 's/"/"/p;t' -e 's/\( [AB] \).*/\1 " "/p'
done > options.both
sort -s options.both | sed -n -e 's/ A / /;t pair' -e 'h;s/\([^ ]*\).*/\1 " "/;x' -e 'b single' \
  -e ':pair' -e 'h;n' -e ':single' -e 's/[^ ]* B //;H;g;s/\n/ /;p' > options.pairs
$CC_FOR_BUILD -o mkflags scripts/mkflags.c
./mkflags < options.pairs > generated/flags.h

# The variables of each command, and one union of them all.
for file in toys/*/*.c; do
  name=${file##*/}
  name=${name%.c}
  sed -n -e '/^GLOBALS(/,/^)/b inside' -e b -e ':inside' \
    -e "s/^GLOBALS(/struct ${name}_data {/" -e 's/^)/};/' -e p "$file"
done > structures
{
  cat structures
  echo 'extern union global_union {'
  sed -n 's/struct \(.*\)_data {/	struct \1_data \1;/p' structures
  echo '} this;'
} > generated/globals.h

$CC_FOR_BUILD -o mktags scripts/mktags.c
sed -n '/TAGGED_ARRAY(/,/^)/{s/.*TAGGED_ARRAY[(]\([^,]*\),/\1/;p}' toys/*/*.c lib/*.c | ./mktags > generated/tags.h

# No help texts: they are made with python.
sed -n 's/.*NEWTOY(\([A-Za-z0-9_]*\),.*/#define HELP_\1 ""/p' generated/newtoys.h > generated/help.h
