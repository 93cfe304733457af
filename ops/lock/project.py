"""Projects: an expression with the `chx.lock` and `chx.toml` beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..request import Request
from .document import NAME, Lock, read_lock
from .errors import LockError
from .manifest import CONFIGURATION, Declared, read_declared


@dataclass(frozen=True, slots=True)
class Project:
    """A directory, the name of the expression in it, the declared inputs, and the lock, if any."""

    folder: str
    expression: str
    declared: Mapping[str, Declared]
    lock: Lock | None
    moved: tuple[str, ...] = ()
    """Inputs within the directory that are used as they are now, and not as locked."""

    @property
    def place(self) -> str:
        """The path of the lock, existing or not."""
        return os.path.join(self.folder, NAME)

    @property
    def files(self) -> tuple[str, str]:
        """The paths of the lock and of chx.toml, which the project was read from."""
        return self.place, os.path.join(self.folder, CONFIGURATION)

    @property
    def request(self) -> Request:
        """The request for the expression."""
        return Request(file=os.path.join(self.folder, self.expression))

    @property
    def pins_this(self) -> bool:
        """Whether the lock pins this expression, and not another file beside it."""
        return self.lock is not None and self.lock.expression == self.expression


def project_at(file: str, may_be_damaged: bool = False) -> Project:
    """Read the project of an expression file; neither lock nor chx.toml need exist. Raises `LockError`.

    `may_be_damaged`: treat an unreadable lock as missing.
    """
    folder, name = os.path.split(os.path.abspath(file))
    declared = read_declared(folder)
    try:
        return Project(folder, name, declared, read_lock(os.path.join(folder, NAME)))
    except LockError:
        if not may_be_damaged:
            raise
        return Project(folder, name, declared, None)
