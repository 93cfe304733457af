# GNU hello, with its own configure and make: the smallest ordinary package.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
}:

mkDerivation {
  pname = "hello";
  version = "2.10";

  src = unpack {
    name = "hello-source";
    src = fetchurl {
      name = "hello_2.10.orig.tar.gz";
      urls = [
        "https://ftp.gnu.org/gnu/hello/hello-2.10.tar.gz"
        "debian-source:hello/hello_2.10.orig.tar.gz"
      ];
      sha256 = "31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b";
    };
  };

  configureFlags = [
    "--build=${buildProfile.triplet}"
    "--host=${profile.triplet}"
    "--disable-nls"
  ];
  doCheck = true;

  meta = {
    description = "a program that greets, GNU's example of a package";
    homepage = "https://www.gnu.org/software/hello/";
    license = "GPL-3.0-or-later";
    origin = "GNU";
  };
}
