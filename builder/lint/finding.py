"""Findings of lints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .subject import File, Subject


class Severity(StrEnum):
    """An error fails `chx pkgs lint`; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Remark(NamedTuple):
    """Result of a check: the output (empty: the package as a whole), the path, and the fault."""

    output: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Lint:
    """A lint: `what` it finds, and what to do about it in `advice`.

    `tree` looks at the package as a whole; `file` is given each file of it, and yields messages.
    """

    name: str
    severity: Severity
    what: str
    advice: str
    tree: Callable[[Subject], Iterable[Remark]] | None = None
    file: Callable[[Subject, File], Iterable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `waived` is the package's reason to accept it, if it gives one."""

    lint: str
    severity: Severity
    output: str
    path: str
    message: str
    waived: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is an error that is not waived."""
        return self.severity is Severity.ERROR and self.waived is None
