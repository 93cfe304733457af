# Manual pages from a simple markup.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "scdoc";
  version = "1.11.2";

  src = unpack {
    name = "scdoc-source";
    src = fetchurl {
      url = "debian-source:scdoc/scdoc_1.11.2.orig.tar.gz";
      sha256 = "e9ff9981b5854301789a6778ee64ef1f6d1e5f4829a9dd3e58a9a63eacc2e6f0";
    };
  };

  style = "command";
  sources = "src/*.c";
  libs = "-Iinclude -std=c99 -DVERSION=\"1.11.2\"";

  doCheck = true;
  checkPhase = ''
    ./scdoc < scdoc.1.scd > scdoc.1
    grep -q '^.TH "scdoc" "1"' scdoc.1
  '';

  # What is built may be for another machine.
  postInstall = ''
    $CC_FOR_BUILD $libs -o for-build $sources
    for section in 1 5; do
      mkdir -p "$out/usr/share/man/man$section"
      ./for-build < scdoc.$section.scd > "$out/usr/share/man/man$section/scdoc.$section"
    done
  '';

  meta = {
    description = "compiler of manual pages from a simple markup";
    homepage = "https://git.sr.ht/~sircmpwn/scdoc";
    license = "MIT";
    origin = "independent";
  };
}
