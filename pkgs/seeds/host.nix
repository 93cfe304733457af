# The compiler and the tools of the machine that chx runs on, as `chx seed update
# host` found them. Impure: another machine has others, so what is built from this
# seed says nothing until it ends where a pinned seed ends.
let
  # Nothing is captured in a store where nobody asked for it.
  file = builtins.tryEval <chx-seeds/host.lock.json>;
  lock =
    if file.success then
      builtins.fromJSON (builtins.readFile file.value)
    else
      throw "the seed 'host' is not captured yet; run `chx seed update host`";

  tree = part: {
    name = "host-${part}";
    outPath = builtins.storePath lock.${part}.path;
  };
in
{
  description = "the C compiler and the tools of this machine";
  impure = true;
  toolchain.trees = [ (tree "toolchain") ];
  userland.trees = [ (tree "userland") ];
}
