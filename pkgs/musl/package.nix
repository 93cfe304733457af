# The C library: headers, start files, and libc.a.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
}:

mkDerivation {
  pname = "musl";
  inherit (import ./source.nix { inherit fetchurl unpack; }) version src;

  # tcc has neither complex numbers nor the assembler for the hand-written
  # mathematics and floating-point environment; the portable ones are there.
  patchPhase =
    if profile.name == "x86_64" then
      ''
        sed -i 's/@PLT//' src/signal/x86_64/sigsetjmp.s
        rm -r src/complex src/math/x86_64 src/fenv/x86_64
      ''
    else
      # Nor has tcc an assembler of other machines: what musl cannot do without is
      # there as the numbers that instructions are, each with its instruction beside it.
      ''
        for part in ${if profile.name == "aarch64" then "crt/aarch64 " else ""}src/*/${profile.name}; do
          rm -r "$part"
        done
        rm -r src/complex crt/rcrt1.c${if profile.name == "aarch64" then " arch/aarch64/fp_arch.h" else ""}
        cp -R ${./words + "/${profile.name}"}/. .
      '';

  configurePhase = ''
    CC="$CC" ./configure --prefix=/usr --syslibdir=/usr/lib --target=${profile.name} \
      --disable-shared --disable-wrapper CROSS_COMPILE= CFLAGS=
  '';

  # The optimisation flags that `configure` adds mean nothing to tcc.
  makeFlags = [
    "AR=ar"
    "RANLIB=ranlib"
    "CFLAGS_AUTO="
    "EMPTY_LIBS="
  ];

  installPhase = ''
    make install DESTDIR="$out" $makeFlags
    # All is in libc.a; programs are linked with these names nevertheless.
    for name in crypt dl m pthread resolv rt util xnet; do
      echo '!<arch>' > "$out/usr/lib/lib$name.a"
    done
  '';

  meta = {
    description = "C library for Linux, small and made for static programs";
    homepage = "https://musl.libc.org/";
    license = "MIT";
    origin = "independent";
  };
}
