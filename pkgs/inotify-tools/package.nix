# Programs that wait for changes of files.
{
  mkDerivation,
  fetchurl,
  unpack,
  autoconf,
  automake,
  libtool,
}:

mkDerivation {
  pname = "inotify-tools";
  version = "3.22.6.0";

  src = unpack {
    name = "inotify-tools-source";
    src = fetchurl {
      url = "debian-source:inotify-tools/inotify-tools_3.22.6.0.orig.tar.gz";
      sha256 = "c6b7e70f1df09e386217102a1fe041cfc15fa4f3d683d2970140b6814cf2ed12";
    };
  };

  style = "autoconf";
  autoreconf = true;
  tools = [
    autoconf
    automake
    libtool
  ];

  doCheck = true;
  checkPhase = ''
    ./src/inotifywait --help | grep -q inotifywait
  '';

  meta = {
    description = "programs that wait for changes of files";
    homepage = "https://github.com/inotify-tools/inotify-tools";
    license = "GPL-2.0-or-later";
  };
}
