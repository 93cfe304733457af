# dumb-init, the first process of a container.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "dumb-init";
  version = "1.2.5";

  src = unpack {
    name = "dumb-init-source";
    src = fetchurl {
      url = "debian-source:dumb-init/dumb-init_1.2.5.orig.tar.gz";
      sha256 = "3eda470d8a4a89123f4516d26877a727c0945006c8830b7e3bad717a5f6efc4e";
    };
  };

  style = "command";
  preBuild = ''
    CFLAGS="$CFLAGS -std=gnu99"
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./dumb-init echo 42)" = 42
    status=0
    ./dumb-init sh -c 'exit 7' || status=$?
    test "$status" = 7
  '';

  meta = {
    description = "first process of a container, which reaps and passes signals on";
    homepage = "https://github.com/Yelp/dumb-init";
    license = "MIT";
    origin = "independent";
  };
}
