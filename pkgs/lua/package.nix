# The language Lua.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "lua";
  version = "5.4.4";

  src = unpack {
    name = "lua-source";
    src = fetchurl {
      name = "lua5.4_5.4.4.orig.tar.gz";
      urls = [
        "https://www.lua.org/ftp/lua-5.4.4.tar.gz"
        "debian-source:lua5.4/lua5.4_5.4.4.orig.tar.gz"
      ];
      sha256 = "164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61";
    };
  };

  configurePhase = "cd src";

  buildPhase = ''
    make -j"$NIX_BUILD_CORES" CC="$CC" AR="$AR rc" RANLIB="$RANLIB" CFLAGS="$CFLAGS -DLUA_USE_POSIX" \
      LDFLAGS="$LDFLAGS" MYLIBS= lua luac
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./lua -e 'print(6 * 7, 2^53, 10 // 3, string.format("%.3f", math.sin(1)))')" = \
      "$(printf '42\t9.007199254741e+15\t3\t0.841')"
  '';

  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/include" "$out/usr/lib"
    cp lua luac "$out/usr/bin/"
    cp lua.h luaconf.h lualib.h lauxlib.h lua.hpp "$out/usr/include/"
    cp liblua.a "$out/usr/lib/"
  '';

  meta = {
    description = "small language for extending programs";
    homepage = "https://www.lua.org/";
    license = "MIT";
    origin = "independent";
  };
}
