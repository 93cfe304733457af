# Headers that go before the C library's, with checks of sizes: what `_FORTIFY_SOURCE`
# stands for where the C library itself has none. The compiler finds them in a folder
# of their own, so that it is the flags that switch them on (../lib/flags.nix).
{ mkDerivation }:

mkDerivation {
  pname = "fortify-headers";
  version = "1";
  # There is nothing but headers.
  apk.subpackages.devel = null;

  headers = ./include;

  unpackPhase = "";
  configurePhase = "";
  buildPhase = "";
  installPhase = ''
    mkdir -p "$out/usr/include"
    cp -R "$headers" "$out/usr/include/fortify"
    chmod -R u+w "$out"
  '';

  meta = {
    description = "checks of sizes before functions of the C library";
    homepage = "https://clang.llvm.org/docs/AttributeReference.html#pass-object-size-pass-dynamic-object-size";
    license = "BSD-2-Clause";
    origin = "independent";
  };
}
