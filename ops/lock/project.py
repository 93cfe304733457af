"""An expression with what lies beside it: `chx.lock` and `chx.toml`."""

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
    """The folder, the name of the expression in it, what is declared there, and the lock if there is one."""

    folder: str
    expression: str
    declared: Mapping[str, Declared]
    lock: Lock | None

    @property
    def place(self) -> str:
        """Where the lock lies, or would."""
        return os.path.join(self.folder, NAME)

    @property
    def files(self) -> tuple[str, str]:
        """What was looked at."""
        return self.place, os.path.join(self.folder, CONFIGURATION)

    @property
    def request(self) -> Request:
        """The request for the expression."""
        return Request(file=os.path.join(self.folder, self.expression))

    @property
    def pins_this(self) -> bool:
        """Whether the pins of the lock are those of this expression and not of a file beside it."""
        return self.lock is not None and self.lock.expression == self.expression


def project_at(file: str, may_be_damaged: bool = False) -> Project:
    """The project of an expression file, whether there is anything beside it or not. Raises `LockError`.

    `may_be_damaged`: a lock that cannot be read is as good as none.
    """
    folder, name = os.path.split(os.path.abspath(file))
    declared = read_declared(folder)
    try:
        return Project(folder, name, declared, read_lock(os.path.join(folder, NAME)))
    except LockError:
        if not may_be_damaged:
            raise
        return Project(folder, name, declared, None)
