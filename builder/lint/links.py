"""Symbolic links that lead nowhere, or out of the root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...store.path import STORE_DIR
from ..sandbox import BUILD_DIRECTORY
from .finding import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...store.manifest import Entry
    from .subject import Subject

_MADE_BY_THE_SYSTEM: Final = ("/dev/", "/proc/", "/run/", "/sys/")
_NOT_OF_A_PACKAGE: Final = (f"{STORE_DIR}/", f"{BUILD_DIRECTORY}/", "/tmp/", "/home/", "/root/")


def broken(subject: Subject) -> Iterator[Remark]:
    """Find links to missing targets."""
    for output, entry in subject.entries():
        target = entry.target
        if target is None or target.startswith(_MADE_BY_THE_SYSTEM) or _escape(entry) is not None:
            continue
        if not subject.has_path(target if target.startswith("/") else _joined(entry.path, target)):
            message = f"it leads to {target}, which is neither in the package nor in `runtime`"
            yield Remark(output.name, entry.path, message)


def escaping(subject: Subject) -> Iterator[Remark]:
    """Find links that leave the root, or lead into directories that belong to no package."""
    for output, entry in subject.entries():
        why = _escape(entry)
        if why is not None:
            yield Remark(output.name, entry.path, f"it leads to {entry.target}, {why}")


def _joined(path: str, target: str) -> str:
    return f"{path.rpartition('/')[0]}/{target}"


def _escape(entry: Entry) -> str | None:
    target = entry.target
    if target is None:
        return None
    if f"{target}/".startswith(_NOT_OF_A_PACKAGE):
        return "where no package has files"
    if target.startswith("/"):
        return None
    depth = entry.path.count("/")
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return "which climbs above the root"
    return None
