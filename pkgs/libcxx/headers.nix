# The headers of C++'s standard library, for musl.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

let
  upstream = import ../llvm/source.nix { inherit fetchurl unpack; };
in
mkDerivation {
  pname = "libcxx-headers";
  inherit (upstream) version;
  src = upstream.runtimes;

  configurePhase = "cd libcxx";
  buildPhase = "";
  installPhase = ''
    mkdir -p "$out/usr/include/c++"
    cp -R include "$out/usr/include/c++/v1"
    cd "$out/usr/include/c++/v1"
    rm -rf CMakeLists.txt *.in
    cp "$OLDPWD/vendor/llvm/default_assertion_handler.in" __assertion_handler
    {
      echo '#ifndef _LIBCPP___CONFIG_SITE'
      echo '#define _LIBCPP___CONFIG_SITE'
      echo '#define _LIBCPP_ABI_VERSION 1'
      echo '#define _LIBCPP_ABI_NAMESPACE __1'
      echo '#define _LIBCPP_HAS_MUSL_LIBC'
      echo '#define _LIBCPP_HAS_THREAD_API_PTHREAD'
      echo '#define _LIBCPP_HAS_NO_STD_MODULES'
      echo '#define _LIBCPP_HAS_NO_TIME_ZONE_DATABASE'
      echo '#define _LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS'
      echo '#define _LIBCPP_PSTL_BACKEND_STD_THREAD'
      echo '#define _LIBCPP_HARDENING_MODE_DEFAULT 2'
      echo '#endif'
    } > __config_site
  '';

  meta = {
    description = "headers of C++'s standard library";
    homepage = "https://libcxx.llvm.org/";
    license = "Apache-2.0 WITH LLVM-exception";
    origin = "LLVM";
  };
}
