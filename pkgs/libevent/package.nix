# Events of files, signals and clocks, as static libraries.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libevent";
  version = "2.1.13";

  src = unpack {
    name = "libevent-source";
    src = fetchurl {
      url = "debian-source:libevent/libevent_2.1.13-stable.orig.tar.gz";
      sha256 = "f7e9383b8c0baa81b687e5b5eecc01beefaf1b19b64151d95ed61647fe7a315c";
    };
  };

  style = "autoconf";
  configureFlags = [
    "--disable-openssl"
    "--disable-samples"
    "--disable-libevent-regress"
    "--disable-debug-mode"
  ];

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <event2/event.h>' '#include <stdio.h>' 'int main(void) { puts(event_get_version()); return event_base_new() == 0; }' > version.c
    $CC $CFLAGS -Iinclude $LDFLAGS -o version version.c .libs/libevent.a
    ./version
  '';

  postInstall = ''
    rm "$out/usr/bin/event_rpcgen.py"
    rmdir "$out/usr/bin"
  '';

  meta = {
    description = "library that calls functions when something happens";
    homepage = "https://libevent.org/";
    license = "BSD-3-Clause AND MIT";
    origin = "independent";
  };
}
