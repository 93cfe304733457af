# libcap, as a static library. Its own makefiles want bash and a compiler with gcc's options.
{
  mkDerivation,
  fetchurl,
  unpack,
  linux-headers,
}:

mkDerivation {
  pname = "libcap";
  version = "2.78";

  src = unpack {
    name = "libcap-source";
    src = fetchurl {
      name = "libcap2_2.78.orig.tar.xz";
      urls = [
        "https://www.kernel.org/pub/linux/libs/security/linux-privs/libcap2/libcap-2.78.tar.xz"
        "debian-source:libcap2/libcap2_2.78.orig.tar.xz"
      ];
      sha256 = "0d621e562fd932ccf67b9660fb018e468a683d7b827541df27813228c996bb11";
    };
  };

  # tcc knows no priorities, and there is nothing here that would come before or after.
  postPatch = ''
    sed -E 's/(con|de)structor \(300\)/\1structor/' libcap/cap_alloc.c > cap_alloc.c
    sed -E 's/(con|de)structor \(300\)/\1structor/' libcap/cap_text.c > cap_text.c
    mv cap_alloc.c cap_text.c libcap/
  '';

  configurePhase = ''
    cd libcap
    cp ${./atomics.h} atomics.h
    cp ${./atomics.c} atomics.c
    sed -n -E 's/^#define[[:space:]]+(CAP_[A-Z_]+)[[:space:]]+([0-9]+)[[:space:]]*$/\1 \2/p' include/uapi/linux/capability.h |
      awk '{ printf "{\"%s\",%s},\n", tolower($1), $2 }' > cap_names.list.h
  '';

  # In the order of upstream's makefile.
  sources = "cap_alloc cap_proc cap_extint cap_flag cap_text cap_file cap_syscalls atomics";

  buildPhase = ''
    $CC_FOR_BUILD -Iinclude/uapi -Iinclude -I${linux-headers}/usr/include -o _makenames _makenames.c
    ./_makenames > cap_names.h
    for source in $sources; do
      $CC $CFLAGS -D_GNU_SOURCE -include atomics.h -Iinclude/uapi -Iinclude -I${linux-headers}/usr/include -c "$source.c"
    done
    $AR rcs libcap.a $(printf '%s.o ' $sources)
    $RANLIB libcap.a
  '';

  installPhase = ''
    mkdir -p "$out/usr/include/sys" "$out/usr/lib/pkgconfig"
    cp include/sys/capability.h "$out/usr/include/sys/"
    cp libcap.a "$out/usr/lib/"
    sed -e 's,@prefix@,/usr,' -e 's,@exec_prefix@,/usr,' -e 's,@libdir@,/usr/lib,' -e 's,@includedir@,/usr/include,' \
      -e "s,@VERSION@,$version," -e 's,@deps@,,' libcap.pc.in > "$out/usr/lib/pkgconfig/libcap.pc"
  '';

  meta = {
    description = "library for the capabilities of processes and files";
    homepage = "https://sites.google.com/site/fullycapable/";
    license = "BSD-3-Clause OR GPL-2.0-only";
    origin = "independent";
  };
}
