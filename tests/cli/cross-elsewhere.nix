# The packages for x86-64, compiled by a machine that is known to be one, which runs
# what it compiled, and by the same machine under another name, which therefore does
# not.
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import <chx> {
    inherit system;
    seed = "debian-clang";
  };
  elsewhere = pkgs.profile // {
    name = "elsewhere";
    triplet = "x86_64-elsewhere-linux-musl";
  };
  from = build: (pkgs.crossFrom build).x86_64;
in
{
  here = from pkgs.profile;
  elsewhere = from elsewhere;
}
