# Chimera's kind of system itself: what its last bootstrap ended in, as `self` is for
# the tiny one.
{
  description = "Chimera's kind of system itself, as its bootstrap left it";
  made = "chimera";
  toolchain = { };
  userland = { };
  # All of C++ is in the toolchain.
  cxx = { };
  resources = "usr/lib/clang/19";
}
