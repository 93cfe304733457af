"""Seeds: lock files of what bootstraps start from."""
