"""Actions of `chx pkgs`."""
