# In compiler-rt/lib/builtins, for $machine of $family: libclang_rt.builtins.a,
# crtbegin.o and crtend.o.
flags="$CFLAGS -std=c11 -fPIC -fno-builtin -fvisibility=hidden -fomit-frame-pointer -fno-stack-protector -fno-lto -DVISIBILITY_HIDDEN -I."
mkdir -p objects

# Not one for other systems, not the atomic operations that a library of their own
# would have, and not what is compiled apart.
left_out=" apple_versioning os_version_check atomic atomic_flag_clear atomic_flag_clear_explicit
  atomic_flag_test_and_set atomic_flag_test_and_set_explicit atomic_signal_fence
  atomic_thread_fence crtbegin crtend macho_embedded "

# Long doubles of 128 and of 80 bits, where there are such.
quadruple=" addtf3 comparetf2 divtc3 divtf3 extenddftf2 extendhftf2 extendsftf2 fixtfdi fixtfsi
  fixtfti fixunstfdi fixunstfsi fixunstfti floatditf floatsitf floattitf floatunditf
  floatunsitf floatuntitf multc3 multf3 powitf2 subtf3 trunctfdf2 trunctfhf2 trunctfsf2 "
extended=" divxc3 extendxftf2 fixxfdi fixxfti fixunsxfdi fixunsxfsi fixunsxfti floatdixf
  floattixf floatundixf floatuntixf mulxc3 powixf2 trunctfxf2 "
brain=" extendbfsf2 truncdfbf2 truncsfbf2 "

case $family in
  X86) special="cpu_model/x86.c i386/fp_mode.c x86_64/floatdidf.c x86_64/floatdisf.c x86_64/floatdixf.c x86_64/floatundidf.S x86_64/floatundisf.S x86_64/floatundixf.S" ;;
  AArch64) special="cpu_model/aarch64.c aarch64/fp_mode.c" left_out="$left_out$extended" ;;
  RISCV) special="riscv/fp_mode.c riscv/save.S riscv/restore.S riscv/muldi3.S" left_out="$left_out$extended$brain" ;;
  PowerPC) special= left_out="$left_out$extended$quadruple$brain" ;;
  LoongArch) special=loongarch/fp_mode.c left_out="$left_out$extended$brain" ;;
  *) special= left_out="$left_out$extended$brain" ;;
esac

# A machine's own takes the place of the general one.
for file in $special; do
  name=${file##*/}
  left_out="$left_out ${name%.*} "
done

{
  objects=
  rule() { # OBJECT FILE FLAGS
    printf 'objects/%s.o:\n\t%s %s -c %s -o $@\n' "$1" "$CC" "$flags $3" "$2"
    objects="$objects objects/$1.o"
  }
  for file in *.c; do
    case $left_out in *[!a-z0-9_]"${file%.c}"[!a-z0-9_]*) continue ;; esac
    rule "${file%.c}" "$file" ''
  done
  for file in $special; do rule "$(printf '%s' "${file%.*}" | tr / -)" "$file" ''; done
  if test "$family" = AArch64; then
    for operation in cas swp ldadd ldclr ldeor ldset; do
      for size in 1 2 4 8 16; do
        test $operation = cas || test $size != 16 || continue
        for model in 1 2 3 4 5; do
          rule "outline-$operation-$size-$model" aarch64/lse.S "-DL_$operation -DSIZE=$size -DMODEL=$model"
        done
      done
    done
  fi
  printf 'libclang_rt.builtins.a:%s\n\t%s rcs $@ %s\n' "$objects" "$AR" "$objects"
  for part in begin end; do
    printf 'crt%s.o:\n\t%s %s -DCRT_HAS_INITFINI_ARRAY -DEH_USE_FRAME_REGISTRY -c crt%s.c -o $@\n' $part "$CC" "$flags" $part
  done
} > Makefile
make -j"$NIX_BUILD_CORES" libclang_rt.builtins.a crtbegin.o crtend.o
