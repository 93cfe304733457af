"""The package set as `chx pkgs` sees it: what there is, how it hangs together, and what is wrong with it."""
