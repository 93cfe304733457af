# A loop that waits for events.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "libev";
  version = "4.33";

  src = unpack {
    name = "libev-source";
    src = fetchurl {
      name = "libev_4.33.orig.tar.gz";
      urls = [
        "http://dist.schmorp.de/libev/libev-4.33.tar.gz"
        "debian-source:libev/libev_4.33.orig.tar.gz"
      ];
      sha256 = "507eb7b8d1015fbec5b935f34ebed15bf346bed04a11ab82b8eee848c4205aea";
    };
  };

  style = "autoconf";

  # A compiler without fences gets them from pthread, which is in libc.
  postPatch = ''
    sed -i '/^# error "memory fences not defined/d' ev.c
  '';

  # libevent has a header of this name.
  postInstall = ''
    rm -f "$out/usr/include/event.h"
  '';

  doCheck = true;
  checkPhase = ''
    printf '%s\n' '#include <stdio.h>' '#include "ev.h"' \
      'static void cb(struct ev_loop *l, ev_timer *w, int e) { puts("42"); ev_break(l, EVBREAK_ALL); }' \
      'int main(void) { struct ev_loop *l = ev_default_loop(0); ev_timer t; ev_timer_init(&t, cb, 0.01, 0.);' \
      'ev_timer_start(l, &t); ev_run(l, 0); return 0; }' > check.c
    $CC $CFLAGS $LDFLAGS -I. -o check check.c .libs/libev.a -lm
    test "$(./check)" = 42
  '';

  meta = {
    description = "loop that waits for events, as a library";
    homepage = "http://software.schmorp.de/pkg/libev.html";
    license = "BSD-2-Clause OR GPL-2.0-or-later";
    origin = "independent";
  };
}
