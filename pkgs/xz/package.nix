# xz, program and static library.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  toolchain,
}:

mkDerivation {
  pname = "xz";
  version = "5.4.1";

  src = unpack {
    name = "xz-source";
    src = fetchurl {
      name = "xz-utils_5.4.1.orig.tar.xz";
      urls = [
        "https://tukaani.org/xz/xz-5.4.1.tar.xz"
        "debian-source:xz-utils/xz-utils_5.4.1.orig.tar.xz"
      ];
      sha256 = "5d9827aa1875b21c288f78864bb26d2650b436ea8d2cad364e4921eb6266a5a5";
    };
  };

  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--disable-shared"
    "--disable-nls"
    "--disable-threads"
    "--disable-symbol-versions"
    "--disable-assembler"
    "--disable-ifunc"
    "--disable-doc"
  ]
  # libtool takes -static for itself, where there is a shared C library.
  ++ (if toolchain.libc == "glibc" then [ "LDFLAGS=$LDFLAGS --static" ] else [ ]);

  # Otherwise the scripts are run by the best shell of the machine that builds.
  gl_cv_posix_shell = "/bin/sh";

  doCheck = true;
  checkPhase = ''
    test "$(echo 42 | src/xz/xz | src/xz/xz -d)" = 42
  '';

  # libtool's own file, which nobody else needs.
  postInstall = ''
    rm "$out"/usr/lib/*.la
  '';

  # Comparing, searching and paging compressed files are scripts.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "compressor with LZMA2, and its library";
    homepage = "https://tukaani.org/xz/";
    # The second is for the scripts that search in compressed files.
    license = "LicenseRef-public-domain AND GPL-2.0-or-later";
    origin = "independent";
  };
}
