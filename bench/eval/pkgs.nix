# The end of a bootstrap: 99 derivations of the bundled set.
(import ../../pkgs { }).bootstrap.tiny.debian-gcc.stage2.root.drvPath
