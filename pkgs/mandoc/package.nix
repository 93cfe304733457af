# Manual pages: BSD's formatter.
{
  mkDerivation,
  fetchurl,
  unpack,
  zlib,
  # Whether `configure` is told what it would find out by running programs.
  isTold ? false,
}:

let
  # Musl's answers. Programs of the tests are linked without $LDFLAGS, and so cannot
  # even be run on their own machine, unless it is a system with musl.
  answers = has: names: builtins.concatStringsSep "" (map (name: "\necho HAVE_${name}=${has}") names);
  answered =
    answers "1" [
      "ATTRIBUTE"
      "CMSG"
      "ENDIAN"
      "ERR"
      "GETLINE"
      "GETSUBOPT"
      "ISBLANK"
      "MKDTEMP"
      "MKSTEMPS"
      "NANOSLEEP"
      "NTOHL"
      "O_DIRECTORY"
      "PATH_MAX"
      "REALLOCARRAY"
      "RECVMSG"
      "REWB_SYSV"
      "STRCASESTR"
      "STRLCAT"
      "STRLCPY"
      "STRNDUP"
      "STRPTIME"
      "STRSEP"
      "VASPRINTF"
      "WFLAG"
    ]
    + answers "0" [
      "REWB_BSD"
      "WCHAR"
    ]
    + "\necho NEED_GNU_SOURCE=1"
    + "\necho STATIC=-static";
in
mkDerivation {
  pname = "mandoc";
  version = "1.14.6";

  src = unpack {
    name = "mandoc-source";
    src = fetchurl {
      name = "mdocml_1.14.6.orig.tar.gz";
      urls = [
        "https://mandoc.bsd.lv/snapshots/mandoc-1.14.6.tar.gz"
        "debian-source:mdocml/mdocml_1.14.6.orig.tar.gz"
      ];
      sha256 = "8bf0d570f01e70a6e124884088870cbed7537f36328d512909eb10cd53179d9c";
    };
  };

  byPath = [ zlib ];

  configurePhase = ''
    {
      echo "CC='$CC'"
      echo "AR='$AR'"
      echo "CFLAGS='$CFLAGS -I${zlib}/usr/include'"
      echo "LDFLAGS='$LDFLAGS -L${zlib}/usr/lib'"
      echo PREFIX=/usr
      echo SBINDIR=/usr/bin
      echo MANDIR=/usr/share/man
      echo LN="'ln -sf'"
      echo OSNAME="'chx'"${if isTold then answered else ""}
    } > configure.local
    ./configure
  '';

  doCheck = true;
  checkPhase = ''
    ./mandoc -T ascii mandoc.1 | grep -q 'format manual pages'
  '';

  meta = {
    description = "formatter of manual pages";
    homepage = "https://mandoc.bsd.lv/";
    # The latter two are for soelim and for parts that come from the BSDs.
    license = "ISC AND BSD-2-Clause AND BSD-3-Clause";
    origin = "OpenBSD";
  };
}
