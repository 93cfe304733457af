# OpenBSD's doas.
{
  mkDerivation,
  fetchurl,
  unpack,
  byacc,
}:

mkDerivation {
  pname = "opendoas";
  version = "6.8.2";

  src = unpack {
    name = "opendoas-source";
    src = fetchurl {
      url = "debian-source:opendoas/opendoas_6.8.2.orig.tar.xz";
      sha256 = "6192dedbbf66d8e9437c982864ce473ab662b7262a9fadf488cced12e830a466";
    };
  };

  tools = [ byacc ];

  # Not every linker has the option, which is for shared libraries.
  postPatch = ''
    sed -i 's/XCC="$XCC -Wl,--no-as-needed"/:/' configure
  '';

  configurePhase = ''
    ./configure --prefix=/usr --without-pam --with-shadow --with-timestamp
  '';

  style = "make";

  doCheck = true;
  checkPhase = ''
    echo 'permit nopass keepenv :wheel as root cmd ls' > doas.conf
    ./doas -C doas.conf
    echo 'permit nopass as' > doas.conf
    ! ./doas -C doas.conf
  '';

  # `make install` sets the owner and the mode, which no build can.
  installPhase = ''
    mkdir -p "$out/usr/bin" "$out/usr/share/man/man1" "$out/usr/share/man/man5"
    cp doas "$out/usr/bin/"
    cp doas.1 "$out/usr/share/man/man1/"
    cp doas.conf.5 "$out/usr/share/man/man5/"
  '';

  modes."usr/bin/doas" = {
    mode = "4755";
    owner = "root:root";
  };

  meta = {
    description = "runner of commands as another user";
    homepage = "https://github.com/Duncaen/OpenDoas";
    license = "ISC AND BSD-3-Clause";
    origin = "OpenBSD";
  };
}
