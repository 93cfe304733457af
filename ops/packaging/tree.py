"""The files of a source tree, read within bounds."""

from __future__ import annotations

import fnmatch
import os
import stat
from typing import Final

_MOST_BYTES: Final = 4 << 20
"""Longest part of a file that is read."""
_MOST_FILES: Final = 20_000


class SourceTree:
    """A directory with a source. Links are not followed; what cannot be read is empty."""

    def __init__(self, root: str, prefix: str = "") -> None:
        """`prefix` is a directory that unpacking dropped, as `debian/`: paths begin with it."""
        self.root = root
        self._prefix = prefix
        self.paths = [prefix + path for path in sorted(self._walk())]

    def _walk(self) -> list[str]:
        found: list[str] = []
        for base, directories, files in os.walk(self.root):
            directories.sort()
            relative = os.path.relpath(base, self.root)
            found += [name if relative == "." else f"{relative}/{name}" for name in sorted(files)]
            if len(found) > _MOST_FILES:
                break
        return found[:_MOST_FILES]

    def matching(self, *patterns: str) -> list[str]:
        """Return the paths whose last part is like one of `patterns`."""
        return [
            path
            for path in self.paths
            if any(fnmatch.fnmatchcase(path.rpartition("/")[2], pattern) for pattern in patterns)
        ]

    def top(self, *patterns: str) -> list[str]:
        """Return the files of the topmost directory that are like one of `patterns`."""
        return [path for path in self.matching(*patterns) if "/" not in path]

    def text(self, path: str, most: int = _MOST_BYTES) -> str:
        """Return the beginning of a file; "" if it is no regular file."""
        if not path.startswith(self._prefix):
            return ""
        place = os.path.join(self.root, path.removeprefix(self._prefix))
        try:
            if not stat.S_ISREG(os.lstat(place).st_mode):
                return ""
            with open(place, "rb") as file:
                return file.read(most).decode("utf-8", "replace")
        except OSError:
            return ""
