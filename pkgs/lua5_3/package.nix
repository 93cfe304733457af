# The language Lua, as it was in the version 5.3.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lua5_3";
  version = "5.3.6";

  src = unpack {
    name = "lua5_3-source";
    src = fetchurl {
      name = "lua5.3_5.3.6.orig.tar.gz";
      urls = [
        "https://www.lua.org/ftp/lua-5.3.6.tar.gz"
        "debian-source:lua5.3/lua5.3_5.3.6.orig.tar.gz"
      ];
      sha256 = "fc5fd69bb8736323f026672b1b7235da613d7177e72558893a0bdcd320466d60";
    };
  };

  configurePhase = "cd src";

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" CC="$CC" AR="$AR rc" RANLIB="$RANLIB" CFLAGS="$CFLAGS -DLUA_COMPAT_5_2 -DLUA_USE_POSIX" \
      LDFLAGS="$LDFLAGS" MYLDFLAGS="$LDFLAGS" MYLIBS= lua luac
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./lua -e 'print(6 * 7, _VERSION, string.format("%.3f", math.sin(1)))')" = "$(printf '42\tLua 5.3\t0.841')"
  '';

  # Beside another Lua.
  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include/lua5.3" "$out/usr/lib" "$out/usr/share/man/man1"
    for name in lua luac; do
      cp $name "$out/usr/bin/''${name}5.3"
      cp ../doc/$name.1 "$out/usr/share/man/man1/''${name}5.3.1"
    done
    cp lua.h luaconf.h lualib.h lauxlib.h lua.hpp "$out/usr/include/lua5.3/"
    cp liblua.a "$out/usr/lib/liblua5.3.a"
  '';

  meta = {
    description = "small language for extending programs, as it was in version 5.3";
    homepage = "https://www.lua.org/";
    license = "MIT";
    origin = "independent";
  };
}
