# Lists folders as trees.
{
  mkDerivation,
  fetchurl,
  unpack,
}:

mkDerivation {
  pname = "tree";
  version = "2.1.0";

  src = unpack {
    name = "tree-source";
    src = fetchurl {
      url = "debian-source:tree/tree_2.1.0.orig.tar.gz";
      sha256 = "0160c535bff2b0dc6a830b9944e981e3427380f63e748da96ced7071faebabf6";
    };
  };

  style = "command";
  libs = "-D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64";

  doCheck = true;
  checkPhase = ''
    mkdir -p top/answer
    touch top/answer/42
    test "$(./tree --noreport --charset=ascii top)" = "$(printf 'top\n`-- answer\n    `-- 42')"
  '';

  postInstall = ''
    mkdir -p "$out/usr/share/man/man1"
    cp doc/tree.1 "$out/usr/share/man/man1/"
  '';

  meta = {
    description = "lister of folders as indented trees";
    homepage = "http://mama.indstate.edu/users/ice/tree/";
    license = "GPL-2.0-or-later";
    origin = "independent";
  };
}
