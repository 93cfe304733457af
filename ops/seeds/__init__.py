"""Seeds, the starting points of bootstraps, and their lock files."""
