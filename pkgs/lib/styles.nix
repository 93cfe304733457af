# What a build system wants to be told: the phases of a package that names its
# `style` and does not write them itself.
#
# `configureFlags` and `makeFlags` are words for the program that configures and for
# the one that builds, whichever they are.
{ pname }:

let
  configure = {
    configurePhase = ''
      ./configure --prefix=/usr $configureFlags
    '';
    buildPhase = ''
      make -j"$NIX_BUILD_CORES" $makeFlags
    '';
    checkPhase = ''
      make check $makeFlags
    '';
    installPhase = ''
      make install DESTDIR="$out" $makeFlags
    '';
  };
in
{
  inherit configure;

  # A makefile that upstream wrote by hand.
  make = configure // {
    configurePhase = "";
    installPhase = ''
      make install DESTDIR="$out" PREFIX=/usr prefix=/usr $makeFlags
    '';
  };

  cmake = {
    configurePhase = ''
      cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_BUILD_TYPE=None $configureFlags
    '';
    buildPhase = ''
      cmake --build build --parallel "$NIX_BUILD_CORES" -- $makeFlags
    '';
    checkPhase = ''
      ctest --test-dir build --output-on-failure
    '';
    installPhase = ''
      DESTDIR="$out" cmake --install build
    '';
  };

  meson = {
    configurePhase = ''
      meson setup build --prefix=/usr --libdir=lib --buildtype=plain $configureFlags
    '';
    buildPhase = ''
      ninja -C build -j "$NIX_BUILD_CORES" $makeFlags
    '';
    checkPhase = ''
      meson test -C build --print-errorlogs
    '';
    installPhase = ''
      DESTDIR="$out" meson install -C build --no-rebuild
    '';
  };

  # One program, compiled by one command: of `sources`, with `libs`, as `program`.
  command = {
    configurePhase = "";
    buildPhase = ''
      ''${CC:-cc} ''${CFLAGS-} ''${LDFLAGS-} -o "''${program:-${pname}}" ''${sources:-*.c} ''${libs-}
    '';
    checkPhase = "";
    installPhase = ''
      mkdir -p "$out/usr/bin"
      cp "''${program:-${pname}}" "$out/usr/bin/"
    '';
  };
}
