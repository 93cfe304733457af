"""The machine that a root is for, as images name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arch import load_profile, profile_names
from ..installed import InstalledKind
from ..world import machine_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...arch import Profile
    from ..installed import InstalledRoot
    from ..session import Session


def profile_of(session: Session, root: InstalledRoot) -> Profile | None:
    """Return the profile of the machine that a root is for; None if there is none of it.

    Its packages say it. Objects without metadata do not: then the first program in it does, and without any program it
    is the machine that packages are built on.
    """
    evaluator = session.evaluator
    if root.machine is not None:
        return load_profile(root.machine, evaluator)
    here = (session.system or machine_system()).removesuffix("-linux")
    names = sorted(profile_names(evaluator), key=lambda name: (name != here, name))
    for head in _program_heads(root):
        for name in names:
            profile = load_profile(name, evaluator)
            if profile.elf.fits(head):
                return profile
        return None
    return load_profile(here, evaluator) if here in names else None


def _program_heads(root: InstalledRoot) -> Iterator[bytes]:
    for entry in root.entries:
        if entry.kind == InstalledKind.FILE and entry.mode & 0o111 and entry.source is not None:
            with open(entry.source.encode("utf-8", "surrogateescape"), "rb") as file:
                head = file.read(64)
            if head[:4] == b"\x7fELF":
                yield head
