"""What the files of a package say that it provides and needs: programs, libraries, .pc files, and links.

The names are Chimera's and Alpine's: `cmd:NAME=VERSION` for a program in usr/bin, `so:SONAME=VERSION` for a shared library,
`pc:NAME=VERSION` for a .pc file.
"""

from __future__ import annotations

import mmap
import os
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...apk.dependencies import Dependency
from ...apk.errors import BadDependency
from ...apk.versions import is_valid
from ...store.difference.elf import NotElf, is_elf, libraries
from .pkgconfig import read_pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .splitting import Item

_PROGRAMS: Final = "usr/bin/"
_LIBRARIES: Final = "usr/lib/"
_PC: Final = re.compile(r"usr/(?:lib|share)/pkgconfig/([^/]+)\.pc")
_NO_COMMAND: Final = frozenset("[]=<>~")
_SHARED: Final = re.compile(r"\.so(?:\.([0-9].*))?\Z")


@dataclass(slots=True)
class Findings:
    """What was found in one subpackage: what it provides, and what it needs."""

    provides: list[str] = field(default_factory=list)
    needed_libraries: list[str] = field(default_factory=list)
    """Names (DT_NEEDED)."""
    needed_pc: list[tuple[str, str]] = field(default_factory=list)
    """Names of .pc files, and what has to hold of their versions (`>=1.2`, or nothing)."""
    links: list[str] = field(default_factory=list)
    """Paths that symbolic links lead to."""
    libraries: set[str] = field(default_factory=set)
    """Names of its own shared libraries."""
    pc: set[str] = field(default_factory=set)


def scan(items: Iterable[Item], version: str, say: Callable[[str], None]) -> Findings:
    """Read the files of a subpackage. `say` takes a line about what is left out."""
    found = Findings()
    for item in items:
        path, entry = item.path, item.entry
        if path.startswith(_PROGRAMS) and entry.kind != "d":
            _program(found, path[len(_PROGRAMS) :], version)
        if entry.target is not None:
            found.links.append(
                posixpath.normpath(posixpath.join("/" + posixpath.dirname(path), entry.target)).lstrip("/")
            )
        elif entry.is_file and entry.size:
            _file(found, item, say)
    return found


def _program(found: Findings, name: str, version: str) -> None:
    if "/" in name or not _NO_COMMAND.isdisjoint(name):
        return
    provided = f"cmd:{name}={version}"
    try:
        Dependency.parse(provided)
    except BadDependency:
        return
    found.provides.append(provided)


def _file(found: Findings, item: Item, say: Callable[[str], None]) -> None:
    matched = _PC.fullmatch(item.path)
    with open(os.fsencode(item.physical), "rb") as opened:
        if matched is not None:
            _pc(found, matched[1], opened.read(), say)
        elif opened.read(4) == b"\x7fELF":
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
                _elf(found, item, data, say)


def _elf(found: Findings, item: Item, data: mmap.mmap, say: Callable[[str], None]) -> None:
    try:
        linked = libraries(data) if is_elf(data) else None
    except NotElf as error:
        say(f"{item.path} is no ELF file that can be read: {error}")
        return
    if linked is None:
        return
    found.needed_libraries += linked.needed
    if linked.soname is None:
        return
    matched = _SHARED.search(item.path)
    suffix = matched[1] if matched is not None else None
    # Without a version in its name, a library is one of others only where the linker looks for it.
    if not re.search(r"\.so\.[0-9]", linked.soname) and posixpath.dirname(item.path) + "/" != _LIBRARIES:
        return
    found.libraries.add(linked.soname)
    found.provides.append(f"so:{linked.soname}={suffix if suffix and is_valid(suffix) else '0'}")


def _pc(found: Findings, name: str, data: bytes, say: Callable[[str], None]) -> None:
    read = read_pc(data)
    found.pc.add(name)
    version = read.version.replace("-rc", "_rc")
    if is_valid(version):
        found.provides.append(f"pc:{name}={version}")
    else:
        say(f"{name}.pc has the version '{read.version}', which is none of apk's: it is provided without")
        found.provides.append(f"pc:{name}")
    for required in read.requires:
        wanted = required.version.replace("-rc", "_rc")
        condition = f"{required.operator}{wanted}" if is_valid(wanted) and required.operator != "!=" else ""
        found.needed_pc.append((required.name, condition))


def relate(
    findings: Mapping[str, Findings], names: Mapping[str, str], places: Mapping[str, str], version: str
) -> dict[str, list[str]]:
    """Return the dependencies of each subpackage that follow from what was found, by suffix.

    What another subpackage of the same package has is needed by that one's name and this `version`; what none has, by
    its own. `names` are those of the subpackages, `places` says which of them has a file or link, or all that is in a directory.
    """
    libraries = {name: suffix for suffix, found in findings.items() for name in sorted(found.libraries)}
    pc = {name: suffix for suffix, found in findings.items() for name in sorted(found.pc)}
    result = {}
    for suffix, found in findings.items():
        needed = [(libraries.get(name), f"so:{name}") for name in found.needed_libraries]
        needed += [(pc.get(name), f"pc:{name}{condition}") for name, condition in found.needed_pc]
        needed += [(owner, "") for path in found.links if (owner := places.get(path)) is not None]
        depends = [
            other if owner is None else f"{names[owner]}={version}" for owner, other in needed if owner != suffix
        ]
        result[suffix] = sorted(set(depends))
    return result
