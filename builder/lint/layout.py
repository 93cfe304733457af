"""Misplaced and superfluous files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...store.manifest import Entry
    from .subject import Subject

_SET_ID: Final = 0o6000
_TOP: Final = ("boot", "etc", "usr", "var")
_BELOW_USR: Final = ("bin", "include", "lib", "libexec", "share")
_LINKS: Final = {
    "bin": ("usr/bin",),
    "lib": ("usr/lib",),
    "lib64": ("usr/lib", "lib"),
    "sbin": ("usr/bin", "bin"),
    "usr/lib64": ("lib",),
    "usr/sbin": ("bin",),
}
_ELSEWHERE: Final = {
    "usr/doc": "documentation is in usr/share/doc",
    "usr/etc": "settings are in etc",
    "usr/info": "info files are in usr/share/info",
    "usr/lib64": "libraries are in usr/lib",
    "usr/local": "it belongs to who administers the machine",
    "usr/man": "manual pages are in usr/share/man",
    "usr/sbin": "programs are in usr/bin",
    "usr/var": "state is in var",
    "sbin": "programs are in usr/bin",
    "bin": "programs are in usr/bin, and this is a link to it",
    "lib": "libraries are in usr/lib, and this is a link to it",
}


def fhs(subject: Subject) -> Iterator[Remark]:
    """Find topmost paths outside of the directories for packages."""
    for output in subject.outputs:
        refused = "\0"
        for entry in output.manifest:
            if not entry.path:
                if entry.kind != "d":
                    yield Remark(output.name, "", "the output is no directory, and so it cannot be a part of a root")
                continue
            if entry.path.startswith(refused):
                continue
            if not _is_usual(entry):
                refused = entry.path + "/"
                why = _ELSEWHERE.get(entry.path, "no package has files there")
                yield Remark(output.name, entry.path, why)


def _is_usual(entry: Entry) -> bool:
    parts = entry.path.split("/")
    if entry.path in _LINKS and entry.target is not None:
        return entry.target.strip("/") in _LINKS[entry.path]
    if len(parts) == 1:
        return parts[0] in _TOP and entry.kind == "d"
    if len(parts) == 2 and parts[0] == "usr":
        return parts[1] in _BELOW_USR and entry.kind == "d"
    return True


def set_id(subject: Subject) -> Iterator[Remark]:
    """Find files that run with their owner's rights."""
    for output, entry in subject.entries():
        if entry.is_file and os.lstat(os.fsencode(output.physical(entry))).st_mode & _SET_ID:
            yield Remark(output.name, entry.path, "it has a set-user-id or set-group-id bit, which no object has")


def empty(subject: Subject) -> Iterator[Remark]:
    """Find outputs that contain only directories."""
    bare = [output.name for output in subject.outputs if all(entry.kind == "d" for entry in output.manifest)]
    if len(bare) == len(subject.outputs):
        yield Remark("", "", "there is no file in the package")
    else:
        for name in bare:
            yield Remark(name, "", "there is no file in the output")


def libtool(subject: Subject) -> Iterator[Remark]:
    """Find files of libtool, which name directories of the build."""
    for output, entry in subject.entries():
        if entry.is_file and entry.path.endswith(".la"):
            yield Remark(output.name, entry.path, "it is for libtool alone")


def static_library(subject: Subject) -> Iterator[Remark]:
    """Find static archives outside of `static` in a package with sub-outputs."""
    if len(subject.outputs) == 1:
        return
    for output, entry in subject.entries():
        if output.name != "static" and entry.path.endswith(".a") and entry.kind != "d":
            yield Remark(output.name, entry.path, "it is a static library, and the output is not 'static'")
