# Flags of a package that chooses: `hardening` replaces marks of the profile of the
# machine `host`, `lto` has the linker optimise.
{
  host,
  CFLAGS,
  # Whether linking is lld's, in parallel.
  isThin,
}:

{ hardening, lto }:

let
  flags = import ./flags.nix (host // { hardening = host.hardening or { } // hardening; });
  link = if !lto then "" else if isThin then " -flto=thin" else " -flto";
  compile = "${CFLAGS} ${flags.compile}${link}";
in
{
  CFLAGS = compile;
  CXXFLAGS = compile;
  LDFLAGS = flags.link + link;
}
