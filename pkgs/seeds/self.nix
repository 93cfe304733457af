# The tiny system itself: what its last bootstrap ended in, as two archives that
# `chx seed update self` makes. Nothing of the seed that it came from is below it, and
# nothing tells that seed either: it shows that the system builds itself, and counts
# as no toolchain beside those it descends from.
{
  description = "the tiny system itself, as its bootstrap left it";
  made = "tiny";
  toolchain = { };
  userland = { };
}
