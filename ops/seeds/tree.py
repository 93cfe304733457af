"""Trees of files and links to copy from this machine's file system."""

from __future__ import annotations

import os
import shutil

from ..errors import RequestError
from .programs import interpreter, is_script, libraries

# Directories that are links into /usr on some distributions only.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Tree:
    """Files and links to copy, by their paths in the tree, without a leading slash."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.directories: set[str] = set()

    def add(self, path: str) -> str:
        """Add a file, and the links on its path; return its path in the tree."""
        here = ""
        parts = path.split("/")[::-1]
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            if part == "..":
                self.directories.add(place(here))
                here = os.path.dirname(here).rstrip("/")
                continue
            inner = f"{here}/{part}"
            if not os.path.islink(inner):
                here = inner
                continue
            here = os.path.realpath(inner)
            if inner[1:] not in MERGED:
                self.links[place(inner)] = "/" + place(here)
        if not os.path.isfile(here):
            raise RequestError(f"'{path}' is no file")
        self.files[place(here)] = here
        return place(here)

    def add_program(self, name: str, path: str) -> None:
        """Add a program as `add_runnable` does, with a link `name` in usr/bin."""
        file = self.add_runnable(path)
        usual = f"usr/bin/{name}"
        if usual not in self.files and usual not in self.links:
            self.links[usual] = f"/{file}"

    def add_runnable(self, path: str) -> str:
        """Add a program, its interpreter and its shared libraries; return its path in the tree."""
        file = self.add(path)
        source = self.files[file]
        starter = interpreter(source)
        if starter is None or not os.path.isfile(starter):
            return file
        if is_script(source):
            self.add_program(os.path.basename(starter), starter)
        else:
            self.add(starter)
            for library in libraries(starter, source):
                self.add(library)
        return file

    def without(self, other: Tree) -> Tree:
        """Return the files, links and directories that `other` lacks."""
        rest = Tree()
        rest.files = {path: source for path, source in self.files.items() if path not in other.files}
        rest.links = {path: target for path, target in self.links.items() if path not in other.links}
        rest.directories = self.directories - other.directories
        return rest

    def write(self, root: str) -> None:
        """Write the tree to `root`, which must not exist."""
        os.mkdir(root)
        for directory in sorted(self.directories):
            os.makedirs(os.path.join(root, directory), exist_ok=True)
        for path, source in sorted(self.files.items()):
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            os.chmod(target, 0o755 if os.stat(source).st_mode & 0o100 else 0o644)
        for path, link in sorted(self.links.items()):
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(link, target)


def place(path: str) -> str:
    """Return the path in the tree of a file of this machine."""
    inner = path.lstrip("/")
    return f"usr/{inner}" if inner.split("/", 1)[0] in MERGED else inner
