# memtester.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "memtester";
  version = "4.7.1";

  src = unpack {
    name = "memtester-source";
    src = fetchurl {
      name = "memtester_4.7.1.orig.tar.gz";
      urls = [
        "https://pyropus.ca/software/memtester/old-versions/memtester-4.7.1.tar.gz"
        "debian-source:memtester/memtester_4.7.1.orig.tar.gz"
      ];
      sha256 = "e427de663f7bd22d1ebee8af12506a852c010bd4fcbca1e0e6b02972d298b5bb";
    };
  };

  style = "command";
  preBuild = ''
    CFLAGS="$CFLAGS -DPOSIX -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DTEST_NARROW_WRITES"
  '';
  sources = [
    "memtester.c"
    "tests.c"
  ];

  doCheck = true;
  checkPhase = ''
    MEMTESTER_TEST_MASK=1 ./memtester 64K 1 > report
    grep -q '^Done' report
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man8"
    cp memtester.8 "$out/usr/share/man/man8/"
  '';

  meta = {
    description = "program that tests the memory of a running system";
    homepage = "https://pyropus.ca/software/memtester/";
    license = "GPL-2.0-only";
    origin = "independent";
  };
}
