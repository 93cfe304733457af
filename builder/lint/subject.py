"""The subject of lints: a package, its outputs, and their merged root."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...store.difference.bytewise import Bytes
    from ...store.manifest import Entry, Manifest

_MOST_LINKS: Final = 40


class Form(Protocol):
    """The programs of an architecture; `chx.arch` describes it."""

    def fits(self, header: bytes, /) -> bool:
        """Whether an ELF file with these first 64 bytes is for this architecture."""
        ...


class Target(NamedTuple):
    """The required architecture of a package's programs."""

    name: str
    form: Form


@dataclass(frozen=True, slots=True)
class Output:
    """A realised output; `directory` is its path on disk."""

    name: str
    manifest: Manifest
    directory: str

    def physical(self, entry: Entry) -> str:
        return f"{self.directory}/{entry.path}" if entry.path else self.directory


@dataclass(frozen=True, slots=True)
class File:
    """A file of an output, and its bytes."""

    output: Output
    entry: Entry
    data: Bytes


class Declared(NamedTuple):
    """Another package of the set by name, and its `installation`."""

    name: str
    installation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A package as lints see it.

    `meta` is its metadata; `problem` is the reason if that could not be read. `runtime` are the trees in the root where
    it runs, `promised` the paths that something there has. `waived`: lints and reasons. `installation` is what it says to
    the maker of a root, `installation_problem` the reason if that could not be read; `runtime_installations` is what
    packages of its `runtime` say, and `others` what the other packages of the set say. `in_base`: it is a part of the base
    system; `breaches` says how that breaks the base's rule.
    """

    name: str
    outputs: tuple[Output, ...]
    target: Target | None = None
    meta: Mapping[str, object] = field(default_factory=dict)
    problem: str | None = None
    runtime: tuple[Manifest, ...] = ()
    promised: frozenset[str] = frozenset()
    waived: Mapping[str, str] = field(default_factory=dict)
    installation: Mapping[str, Any] = field(default_factory=dict)
    installation_problem: str | None = None
    runtime_installations: tuple[Mapping[str, Any], ...] = ()
    others: tuple[Declared, ...] = ()
    in_base: bool = False
    breaches: tuple[str, ...] = ()

    def entries(self) -> Iterator[tuple[Output, Entry]]:
        for output in self.outputs:
            for entry in output.manifest:
                yield output, entry

    def files(self) -> Iterator[File]:
        """Yield every file; each is open until the next one."""
        for output, entry in self.entries():
            if not entry.is_file:
                continue
            if not entry.size:
                yield File(output, entry, b"")
                continue
            with (
                open(os.fsencode(output.physical(entry)), "rb") as opened,
                mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                yield File(output, entry, data)

    def has_path(self, path: str) -> bool:
        """Whether a path exists where the package runs: in an output, in `runtime`, or promised. Links are followed."""
        return self._has_path(path.strip("/").split("/"), 0)

    def _has_path(self, parts: list[str], links: int) -> bool:
        if _usual("/".join(parts)) in self.promised:
            return True
        place: list[str] = []
        for number, part in enumerate(parts):
            if part in ("", "."):
                continue
            if part == "..":
                del place[-1:]
                continue
            place.append(part)
            entry = self._lookup("/".join(place))
            if entry is None:
                return False
            if entry.target is not None:
                if links == _MOST_LINKS:
                    return False
                before = [] if entry.target.startswith("/") else place[:-1]
                return self._has_path([*before, *entry.target.split("/"), *parts[number + 1 :]], links + 1)
        return True

    def _lookup(self, path: str) -> Entry | None:
        found = None
        for manifest in (*(output.manifest for output in self.outputs), *self.runtime):
            entry = manifest.lookup(path)
            # A directory in one tree may be a link in another.
            if entry is not None and (found is None or entry.target is None):
                found = entry
        return found


def promised(paths: list[str]) -> frozenset[str]:
    """Return absolute paths in the form of `Subject.promised`."""
    return frozenset(_usual(path.strip("/")) for path in paths)


def _usual(path: str) -> str:
    """Return the path of a program called through the link `/bin`."""
    return f"usr/{path}" if path.startswith("bin/") else path
