# picocom.
{
  mkDerivation,
  fetchurl,
  unpack,
  toolchain,
  linux-headers ? null,
}:

mkDerivation {
  pname = "picocom";
  version = "3.1";

  src = unpack {
    name = "picocom-source";
    src = fetchurl {
      url = "debian-source:picocom/picocom_3.1.orig.tar.gz";
      sha256 = "e6761ca932ffc6d09bd6b11ff018bdaf70b287ce518b3282d29e0270e88420bb";
    };
  };

  # Only the toolchain of tcc comes without them.
  libraries = if toolchain.compiler == "tcc" then [ linux-headers ] else [ ];

  style = "command";
  # What it knows of speeds that have no constant asks for gcc's or clang's macros.
  customBaud = if toolchain.compiler == "tcc" then "-DNO_CUSTOM_BAUD" else "";
  preBuild = ''
    CFLAGS="$CFLAGS -D_GNU_SOURCE -DVERSION_STR=\"3.1\" -DTTY_Q_SZ=0 -DHIGH_BAUD -DUSE_FLOCK -DLINENOISE $customBaud -DHISTFILE=\".picocom_history\""
  '';
  sources = [
    "picocom.c"
    "term.c"
    "fdio.c"
    "split.c"
    "termios2.c"
    "custbaud_bsd.c"
    "linenoise-1.0/linenoise.c"
  ];

  doCheck = true;
  checkPhase = ''
    ./picocom --help | grep -q '^picocom v3.1$'
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man1"
    cp picocom.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "terminal for serial lines";
    homepage = "https://gitlab.com/wsakernel/picocom";
    license = "GPL-2.0-or-later AND BSD-2-Clause";
    origin = "independent";
  };
}
