"""The task of a builtin builder: its derivation and its environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BadAttribute, FetchFailed, InvalidInput, OutputLimitExceeded
from ..measure import apparent_size
from ..sandbox import Limits

if TYPE_CHECKING:
    from ...store.derivation import Derivation
    from ..cancellation import Cancellation, Deadline
    from ..errors import Haste


class Allowance(NamedTuple):
    """Download limit in bytes (None: none), and whether the derivation or the user sets it."""

    size: int | None = None
    is_declared: bool = False

    def check(self, url: str, size: int) -> None:
        """Raise `FetchFailed` for more than that."""
        if self.size is not None and size > self.size:
            raise self.refusal(url)

    def refusal(self, url: str) -> FetchFailed:
        """Return the error for an exceeded limit."""
        if self.is_declared:
            reason = f"it is larger than the {self.size} bytes that are declared for it"
            return FetchFailed(((url, reason),), "if it is the right file, correct its `size`")
        reason = f"it is larger than {self.size} bytes, the most that is fetched without a declared size"
        return FetchFailed(((url, reason),), "raise --max-download-size, or declare the `size` of the file")


@dataclass(frozen=True, slots=True)
class Task:
    """One run of a builtin builder.

    `derivation` is resolved, its own placeholders replaced. The builder writes `output`, which does not exist yet, and
    may use the empty directory `work` on the same file system. `say` writes a line to the log; `progress` reports a
    URL, the bytes received and their total, if known. `physical` returns the path on disk of a path below a declared
    input (None for any other). `known_size` is that of the file, if known; `max_download` and `max_output` are bytes, 0
    for no limit. `notice` reports a sentence that a person may want to know.
    `archive_time` is a time at which Debian's archive had the file, if it is one of its files. `haste` says how soon
    to turn from a host that does not answer to other ways.
    """

    derivation: Derivation
    output: str
    work: str
    say: Callable[[str], None]
    progress: Callable[[str, int, int | None], None]
    physical: Callable[[str], str | None]
    cancellation: Cancellation
    offline: bool = False
    known_size: int | None = None
    max_download: int = 0
    max_output: int = 0
    deadline: Deadline | None = None
    notice: Callable[[str], None] = lambda text: None
    archive_time: str | None = None
    haste: Haste = 0

    @property
    def allowance(self) -> Allowance:
        """Return the download limit. Raises `BadAttribute` if the derivation declares an invalid `size`."""
        size = self.derivation.env.get("size", "")
        if not size:
            if self.known_size is not None:
                return Allowance(self.known_size, is_declared=True)
            return Allowance(self.max_download or None)
        if not (size.isascii() and size.isdecimal() and 0 < len(size) < 20):
            raise self.refuse("size", f"'{size}' is no number of bytes")
        return Allowance(int(size), is_declared=True)

    def check_output(self, place: str) -> None:
        """Raise `OutputLimitExceeded` if the tree at `place` exceeds the output limit."""
        if self.max_output and apparent_size([place], self.max_output, is_settled=True) > self.max_output:
            raise OutputLimitExceeded(self.max_output)

    @property
    def limits(self) -> Limits:
        """Limits of a program that works on the task."""
        return Limits(0 if self.deadline is None else self.deadline.left)

    def attribute(self, name: str) -> str:
        """Return the value of an attribute. Raises `BadAttribute` if it is missing or empty."""
        value = self.derivation.env.get(name, "")
        if not value:
            raise BadAttribute(self.derivation.builder, name, "it is required")
        return value

    def words(self, *names: str) -> list[str]:
        """Return the white-space separated words of all these attributes that are set."""
        return [word for name in names for word in self.derivation.env.get(name, "").split()]

    def flag(self, name: str) -> bool:
        """Whether an attribute is set and not false."""
        return self.derivation.env.get(name, "") not in ("", "0", "false")

    def input(self, path: str) -> str:
        """Return the path on disk of a declared input, or of a path below one. Raises `InvalidInput`."""
        place = self.physical(path)
        if place is None:
            raise InvalidInput(path, "it is not among the derivation's inputs")
        if not os.path.lexists(place):
            raise InvalidInput(path, "there is no such file in it")
        return place

    def refuse(self, attribute: str, reason: str) -> BadAttribute:
        """Return an error about an attribute."""
        return BadAttribute(self.derivation.builder, attribute, reason)
