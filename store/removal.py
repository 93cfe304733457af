"""Removing trees that were made unremovable."""

from __future__ import annotations

import os
import stat


def remove_tree(path: bytes) -> None:
    """Remove a tree whatever its modes and depth; no error if it is not there."""
    try:
        os.unlink(path)
        return
    except FileNotFoundError:
        return
    except OSError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
    # Too deep a path cannot be named: directories that far down are moved up beside the root first.
    pending = [path]
    emptied: list[bytes] = []
    moved = 0
    while pending:
        directory = pending.pop()
        os.chmod(directory, 0o700)
        emptied.append(directory)
        with os.scandir(directory) as listing:
            for child in listing:
                if not child.is_dir(follow_symlinks=False):
                    os.unlink(child.path)
                elif len(child.path) < 2000:
                    pending.append(child.path)
                else:
                    os.chmod(child.path, 0o700)
                    moved += 1
                    up = b"%s.deep-%d" % (path, moved)
                    os.rename(child.path, up)
                    pending.append(up)
    for directory in reversed(emptied):
        os.rmdir(directory)
