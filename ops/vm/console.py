"""The console of a machine: its last lines, and the keys by which a person ends it."""

from __future__ import annotations

import re
from typing import Final

_KEPT: Final = 1 << 14
_LONGEST_LINE: Final = 400
_CONTROL: Final = re.compile(r"\x1b\[[0-9;:=?]*[A-Za-z]|\x1b[^\[]|\r")
ESCAPE: Final = 0x01
"""Control-A, as qemu's own console has it."""


class Tail:
    """The last bytes of a console, and how many there were."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.total = 0

    def add(self, data: bytes) -> bytes:
        """Add what the console said; return it."""
        self.total += len(data)
        self._data += data
        del self._data[:-_KEPT]
        return data

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines that have text, without what moves a terminal's cursor or colours it."""
        text = _CONTROL.sub("", self._data.decode("utf-8", "replace"))
        found = [line.rstrip()[:_LONGEST_LINE] for line in text.split("\n")]
        return tuple(line for line in found if line)

    @property
    def panicked(self) -> bool:
        """Whether the kernel said that it gave up (kernel/panic.c)."""
        return b"Kernel panic - not syncing" in self._data


class Left(Exception):
    """A person has left a console, by its keys."""


class Keys:
    """Keys of a terminal on their way to a console.

    Control-A and x end the machine, Control-A and a are a Control-A; Control-A and anything else are what they are.
    """

    def __init__(self) -> None:
        self._is_escaped = False

    def passed(self, data: bytes) -> bytes:
        """Return what goes on to the console. Raises `Left`."""
        found = bytearray()
        for byte in data:
            if self._is_escaped:
                self._is_escaped = False
                if byte in b"xX":
                    raise Left
                found.append(ESCAPE)
                if byte not in b"aA":
                    found.append(byte)
            elif byte == ESCAPE:
                self._is_escaped = True
            else:
                found.append(byte)
        return bytes(found)
