"""What a builtin builder is given: its derivation and its world."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BadAttribute, InvalidInput

if TYPE_CHECKING:
    from ...store.derivation import Derivation
    from ..cancellation import Cancellation


@dataclass(frozen=True, slots=True)
class Task:
    """One run of a builtin builder.

    `derivation` is resolved, its own placeholders replaced. The builder writes `output`, which does not
    exist yet, and may use the empty directory `work` on the same file system. `say` writes a line to the
    log; `progress` tells of a place, the bytes that came and how many there will be, if known.
    `physical` gives the place on the disk of a path below a declared input (None for any other).
    """

    derivation: Derivation
    output: str
    work: str
    say: Callable[[str], None]
    progress: Callable[[str, int, int | None], None]
    physical: Callable[[str], str | None]
    cancellation: Cancellation
    offline: bool = False

    def attribute(self, name: str) -> str:
        """The value of an attribute; raises `BadAttribute` if it is missing or empty."""
        value = self.derivation.env.get(name, "")
        if not value:
            raise BadAttribute(self.derivation.builder, name, "it is required")
        return value

    def words(self, *names: str) -> list[str]:
        """The white-space separated words of all of these attributes that are there."""
        return [word for name in names for word in self.derivation.env.get(name, "").split()]

    def flag(self, name: str) -> bool:
        """Whether an attribute is set and not false."""
        return self.derivation.env.get(name, "") not in ("", "0", "false")

    def input(self, path: str) -> str:
        """The place on the disk of a declared input, or of something below one; raises `InvalidInput`."""
        place = self.physical(path)
        if place is None:
            raise InvalidInput(path, "it is not among the derivation's inputs")
        if not os.path.lexists(place):
            raise InvalidInput(path, "there is no such file in it")
        return place

    def refuse(self, attribute: str, reason: str) -> BadAttribute:
        """An error about an attribute."""
        return BadAttribute(self.derivation.builder, attribute, reason)
