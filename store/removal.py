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


def weight(path: bytes) -> int:
    """The bytes that the disk gets back when a tree is removed: files that are linked from elsewhere do not count."""
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode):
        return status.st_blocks * 512 if status.st_nlink == 1 else 0
    total = status.st_blocks * 512
    links: dict[int, list[int]] = {}
    pending = [path]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for child in listing:
                status = child.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    total += status.st_blocks * 512
                    if len(child.path) < 3500:
                        pending.append(child.path)
                elif status.st_nlink == 1:
                    total += status.st_blocks * 512
                else:
                    here = links.setdefault(status.st_ino, [status.st_nlink, 0, status.st_blocks * 512])
                    here[1] += 1
    return total + sum(size for count, found, size in links.values() if count == found)
