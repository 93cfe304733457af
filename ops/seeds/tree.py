"""A part of this machine's file system, to be copied."""

from __future__ import annotations

import os
import shutil

from ..errors import RequestError
from .programs import interpreter, is_script, libraries

# Directories that one system has beside /usr and another as links into it.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Tree:
    """Files and links to be copied, by their places below a root without a leading slash."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.directories: set[str] = set()

    def add(self, path: str) -> str:
        """Take in a file, and the links that lead to it; gives the place of the file."""
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
            there = f"{here}/{part}"
            if not os.path.islink(there):
                here = there
                continue
            here = os.path.realpath(there)
            if there[1:] not in MERGED:
                self.links[place(there)] = "/" + place(here)
        if not os.path.isfile(here):
            raise RequestError(f"'{path}' is no file")
        self.files[place(here)] = here
        return place(here)

    def add_program(self, name: str, path: str) -> None:
        """Take in what `add_runnable` does, to be found as `name`."""
        file = self.add_runnable(path)
        usual = f"usr/bin/{name}"
        if usual not in self.files and usual not in self.links:
            self.links[usual] = f"/{file}"

    def add_runnable(self, path: str) -> str:
        """Take in a program, what starts it, and the libraries that it is linked with; gives its place."""
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
        """What of this tree the other one has not."""
        rest = Tree()
        rest.files = {path: source for path, source in self.files.items() if path not in other.files}
        rest.links = {path: target for path, target in self.links.items() if path not in other.links}
        rest.directories = self.directories - other.directories
        return rest

    def write(self, root: str) -> None:
        """Make the tree at `root`, which is not there."""
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
    """Where a file of this machine lies in the tree."""
    inner = path.lstrip("/")
    return f"usr/{inner}" if inner.split("/", 1)[0] in MERGED else inner
