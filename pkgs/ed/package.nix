# The line editor, GNU's.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "ed";
  version = "1.19";

  src = unpack {
    name = "ed-source";
    src = fetchurl {
      url = "debian-source:ed/ed_1.19.orig.tar.gz";
      sha256 = "8e5c3e7c84972e73957ff396b8318a21795f86547dd1fe4ec4232a9e6e44ca1d";
    };
  };

  # Variables are read from words of the command line, and not from the environment.
  configureFlags = [
    "CC=$CC"
    "CFLAGS=$CFLAGS"
    "LDFLAGS=$LDFLAGS"
  ];

  doCheck = true;
  checkPhase = ''
    printf '%s\n' a "six times seven" . 's/times/*/' 1,p Q | ./ed -s > answer
    test "$(cat answer)" = "six * seven"
  '';

  # red.
  runtime = [ "/bin/sh" ];

  meta = {
    description = "line editor of Unix";
    homepage = "https://www.gnu.org/software/ed/";
    # The second is for the reader of arguments.
    license = "GPL-2.0-or-later AND BSD-2-Clause";
    origin = "GNU";
  };
}
