# The language that build scripts are written in, with its modules in the program.
{
  mkDerivation,
  fetchurl,
  unpack,
  profile,
  buildProfile,
  toolchain,
}:

mkDerivation {
  pname = "perl";
  version = "5.40.1";

  src = unpack {
    name = "perl-source";
    src = fetchurl {
      name = "perl_5.40.1.orig.tar.xz";
      urls = [
        "https://www.cpan.org/src/5.0/perl-5.40.1.tar.xz"
        "debian-source:perl/perl_5.40.1.orig.tar.xz"
      ];
      sha256 = "dfa20c2eef2b4af133525610bbb65dd13777ecf998c9c5b1ccf0d308e732ee3f";
    };
  };

  broken =
    if profile.name != buildProfile.name then
      "its Configure runs programs of the machine that it is for"
    else if toolchain.compiler == "tcc" then
      "its Configure looks into libraries with nm, which tcc has none of"
    else
      null;

  configurePhase = ''
    ./Configure -des -Dprefix=/usr -Dcc="$CC" -Dar="$AR" -Doptimize="$CFLAGS" -Dldflags="$LDFLAGS" \
      -Uusedl -Dnoextensions='DB_File GDBM_File NDBM_File ODBM_File' -Dman1dir=none -Dman3dir=none \
      -Dprivlib=/usr/lib/perl5 -Darchlib=/usr/lib/perl5 -Dsitelib=/usr/share/perl5 -Dsitearch=/usr/share/perl5 \
      -Dcf_by=chx -Dcf_email=nobody@localhost -Dmyhostname=localhost -Dperladmin=nobody@localhost -Dmydomain=
  '';

  doCheck = true;
  checkPhase = ''
    test "$(./miniperl -e 'print 6 * 7')" = 42
  '';

  installPhase = ''
    make install.perl DESTDIR="$out"
    test "$(LD_LIBRARY_PATH= "$out/usr/bin/perl" -I "$out/usr/lib/perl5" -MData::Dumper -MPOSIX -e 'print POSIX::floor(42.5)')" = 42
  '';

  meta = {
    description = "language for text, which many builds are scripted in";
    homepage = "https://www.perl.org/";
    license = "Artistic-1.0-Perl OR GPL-1.0-or-later";
    origin = "independent";
  };
}
