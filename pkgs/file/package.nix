# Tells what files are; libmagic.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  buildPackages,
}:

mkDerivation {
  pname = "file";
  apk.replaces = [ "toybox" ];
  version = "5.46";

  src = unpack {
    name = "file-source";
    src = fetchurl {
      name = "file_5.46.orig.tar.gz";
      urls = [
        "https://astron.com/pub/file/file-5.46.tar.gz"
        "debian-source:file/file_5.46.orig.tar.gz"
      ];
      sha256 = "c9cc77c7c560c543135edc555af609d5619dbef011997e988ce40a3d75d86088";
    };
  };

  # The data base of magic is compiled by the program itself, of the same version.
  tools = if profile.name == buildProfile.name then [ ] else [ buildPackages.file ];

  style = "autoconf";
  configureFlags = [
    "--disable-bzlib"
    "--disable-libseccomp"
    "--disable-lrziplib"
    "--disable-lzlib"
    "--disable-xzlib"
    "--disable-zlib"
    "--disable-zstdlib"
  ];

  doCheck = true;
  checkPhase = ''
    echo '%!PS-Adobe-3.0' > answer
    test "$(./src/file -b --mime-type -m magic/magic.mgc answer)" = application/postscript
    test "$(./src/file -b --mime-type -m magic/magic.mgc src/file.c)" = text/x-c
  '';

  meta = {
    description = "teller of the types of files by their content, and its library";
    homepage = "https://www.darwinsys.com/file/";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
