# A C compiler of one source file, which compiles itself in a second. It makes
# static programs against musl, and is assembler, linker and archiver as well.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "tinycc";
  version = "0.9.27-20200814";

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
  ];

  # What `configure` would find out is known: there is one kind of target.
  configurePhase = ''
    echo '#define TCC_VERSION "0.9.27"' > config.h
  '';

  # The runtime library is made by the new compiler, whoever compiled that.
  buildPhase = ''
    cc -static -o tcc -I. \
      -DONE_SOURCE=1 -DTCC_TARGET_X86_64 -DTCC_MUSL \
      -DCONFIG_TCC_STATIC -DCONFIG_TCC_DEFAULT_STATIC \
      -DCONFIG_TCCDIR='"/usr/lib/tcc"' \
      -DCONFIG_TCC_SYSINCLUDEPATHS='"/usr/include"' \
      -DCONFIG_TCC_LIBPATHS='"/usr/lib"' \
      -DCONFIG_TCC_CRTPREFIX='"/usr/lib"' \
      tcc.c
    for part in libtcc1.c va_list.c alloca86_64.S; do
      ./tcc -nostdinc -Iinclude -c "lib/$part" -o "''${part%.*}.o"
    done
    ./tcc -ar rc libtcc1.a libtcc1.o va_list.o alloca86_64.o
  '';

  doCheck = true;
  checkPhase = ''
    printf 'int answer(void) { return 6 * 7; }\n' > answer.c
    ./tcc -nostdinc -c answer.c
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/lib/tcc"
    cp tcc "$out/usr/bin/"
    cp libtcc1.a "$out/usr/lib/tcc/"
    ln -s tcc "$out/usr/bin/cc"
    script() { printf '#!/bin/sh\n%s\n' "$2" > "$out/usr/bin/$1"; chmod 755 "$out/usr/bin/$1"; }
    script ar 'exec tcc -ar "$@"'
    script ld 'exec tcc -nostdlib "$@"'
    script ranlib 'exit 0'
    script strip 'exit 0'
  '';

  # `ar`, `ld` and their like are scripts; any shell will do.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "C compiler, assembler and linker in one small program";
    homepage = "https://bellard.org/tcc/";
    # The second is for parts of libtcc1, which come from GCC.
    license = "LGPL-2.0-or-later AND GPL-2.0-or-later WITH GCC-exception-2.0";
  };
}
