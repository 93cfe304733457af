# The language Lua, as it was in the version 5.1.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lua5_1";
  version = "5.1.5";

  src = unpack {
    name = "lua5_1-source";
    src = fetchurl {
      name = "lua5.1_5.1.5.orig.tar.gz";
      urls = [
        "https://www.lua.org/ftp/lua-5.1.5.tar.gz"
        "debian-source:lua5.1/lua5.1_5.1.5.orig.tar.gz"
      ];
      sha256 = "2640fc56a795f29d28ef15e13c34a47e223960b0240e8cb0a82d9b0738695333";
    };
  };

  configurePhase = "cd src";

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" CC="$CC" AR="$AR rc" RANLIB="$RANLIB" CFLAGS="$CFLAGS -DLUA_USE_POSIX" \
      LDFLAGS="$LDFLAGS" MYLDFLAGS="$LDFLAGS" MYLIBS= lua luac
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./lua -e 'print(6 * 7, _VERSION, string.format("%.3f", math.sin(1)))')" = "$(printf '42\tLua 5.1\t0.841')"
  '';

  # Beside another Lua.
  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include/lua5.1" "$out/usr/lib" "$out/usr/share/man/man1"
    for name in lua luac; do
      cp $name "$out/usr/bin/''${name}5.1"
      cp ../doc/$name.1 "$out/usr/share/man/man1/''${name}5.1.1"
    done
    cp lua.h luaconf.h lualib.h lauxlib.h "$out/usr/include/lua5.1/"
    cp liblua.a "$out/usr/lib/liblua5.1.a"
  '';

  meta = {
    description = "small language for extending programs, as it was in version 5.1";
    homepage = "https://www.lua.org/";
    license = "MIT";
    origin = "independent";
  };
}
