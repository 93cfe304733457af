# A C compiler of one source file, which compiles itself in a second. It makes
# static programs against musl, and is assembler, linker and archiver as well.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  # The machine that it makes programs for, if that is another than the one it runs on.
  target ? profile,
  # It is compiled for another machine by a tcc that is as it will be, and so makes its
  # run-time library.
  compiled ? "./tcc",
  cc ? "cc",
}:

let
  # What programs for another machine are linked with lies below a folder of that machine.
  isForHere = target.name == profile.name;
  under = if isForHere then "/usr" else "/usr/${target.triplet}/usr";

  # What it makes programs for: the name of the target, and the parts of its run-time
  # library. Of ARM and RISC-V it knows no instructions as text; ./words has what its
  # library needs.
  others = [
    ./patches/07-addresses-as-data.patch
    ./patches/08-alloca.patch
    ./patches/09-long-doubles-elsewhere.patch
    ./patches/10-character-constants.patch
  ];
  machines = {
    x86_64 = {
      target = "X86_64";
      parts = "libtcc1.c va_list.c alloca86_64.S";
      objects = "libtcc1.o va_list.o alloca86_64.o";
      patches = [ ];
    };
    aarch64 = {
      target = "ARM64";
      parts = "lib-arm64.c alloca.s";
      objects = "lib-arm64.o alloca.o";
      patches = others ++ [
        ./patches/arm64-01-constant-addresses.patch
        ./patches/arm64-02-nothing-is-clobbered.patch
      ];
      words = ./words/aarch64.s;
    };
    riscv64 = {
      target = "RISCV64";
      # Its arithmetic of 128 bits is the same.
      parts = "lib-arm64.c alloca.s";
      objects = "lib-arm64.o alloca.o";
      patches = others ++ [
        ./patches/riscv64-01-addresses-and-frames.patch
        ./patches/riscv64-02-nothing-is-clobbered.patch
      ];
      words = ./words/riscv64.s;
    };
  };
  machine =
    machines.${target.name}
      or (throw "tcc makes no programs for ${target.name}; it does for ${builtins.concatStringsSep ", " (builtins.attrNames machines)}. Packages are compiled for it by a seed: chx build --system ${target.system}");
in
mkDerivation {
  pname = if isForHere then "tinycc" else "tinycc-${target.name}";
  version = "0.9.27-20200814";
  apk.version = "0.9.27_git20200814";

  src = unpack {
    name = "tinycc-source";
    strip = 0;
    src = fetchurl {
      url = "debian-source:tcc/tcc_0.9.27+git20200814.62c30a4a.orig.tar.bz2";
      sha256 = "d63c113bcdd657f51c8ee197a0b0a24203603313e19a52b5f678d40ab7f5df35";
    };
  };

  patches = [
    ./patches/01-named-registers.patch
    ./patches/02-static-by-default.patch
    ./patches/03-static-link-order.patch
    ./patches/04-alias-is-a-symbol.patch
    ./patches/05-long-double-hex-floats.patch
    ./patches/06-weak-symbols-in-archives.patch
  ]
  ++ machine.patches;

  # What `configure` would find out is known: there is one kind of target.
  configurePhase = ''
    echo '#define TCC_VERSION "0.9.27"' > config.h
  ''
  + (
    if machine ? words then
      ''
        cp ${machine.words} lib/alloca.s
      ''
    else
      ""
  );

  # The runtime library is made by the new compiler, whoever compiled that.
  buildPhase = ''
    ${cc} -static -o tcc -I. \
      -DONE_SOURCE=1 -DTCC_TARGET_${machine.target} -DTCC_MUSL \
      -DCONFIG_TCC_STATIC -DCONFIG_TCC_DEFAULT_STATIC \
      -DCONFIG_TCCDIR='"${under}/lib/tcc"' \
      -DCONFIG_TCC_SYSINCLUDEPATHS='"${under}/include"' \
      -DCONFIG_TCC_LIBPATHS='"${under}/lib"' \
      -DCONFIG_TCC_CRTPREFIX='"${under}/lib"' \
      tcc.c
    for part in ${machine.parts}; do
      ${compiled} -nostdinc -Iinclude -c "lib/$part" -o "''${part%.*}.o"
    done
    ${compiled} -ar rc libtcc1.a ${machine.objects}
  '';

  doCheck = true;
  checkPhase = ''
    printf 'int answer(void) { return 6 * 7; }\n' > answer.c
    ./tcc -nostdinc -c answer.c
  '';

  installPhase =
    if isForHere then
      ''
        mkdir -p "$out/usr/bin" "$out/usr/lib/tcc"
        cp tcc "$out/usr/bin/"
        cp libtcc1.a "$out/usr/lib/tcc/"
        ln -s tcc "$out/usr/bin/cc"
        script() { printf '#!/bin/sh\n%s\n' "$2" > "$out/usr/bin/$1"; chmod 755 "$out/usr/bin/$1"; }
        script ar 'exec tcc -ar "$@"'
        script ld 'exec tcc -nostdlib "$@"'
        script ranlib 'exit 0'
        script strip 'exit 0'
      ''
    else
      ''
        mkdir -p "$out/usr/bin" "$out${under}/lib/tcc"
        cp tcc "$out/usr/bin/${target.triplet}-tcc"
        cp libtcc1.a "$out${under}/lib/tcc/"
      '';

  # `ar`, `ld` and their like are scripts; any shell will do.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "C compiler, assembler and linker in one small program";
    homepage = "https://bellard.org/tcc/";
    # The second is for parts of libtcc1, which come from GCC.
    license = "LGPL-2.0-or-later AND GPL-2.0-or-later WITH GCC-exception-2.0";
    origin = "independent";
  };
}
