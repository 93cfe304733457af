{ fetchurl, unpack }:

{
  version = "1.2.5";

  src = unpack {
    name = "musl-source";
    src = fetchurl {
      name = "musl_1.2.5.orig.tar.gz";
      urls = [
        "https://musl.libc.org/releases/musl-1.2.5.tar.gz"
        "debian-source:musl/musl_1.2.5.orig.tar.gz"
      ];
      sha256 = "a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4";
    };
  };
}
