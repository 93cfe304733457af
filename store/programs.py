"""Store objects in use by running programs, according to /proc.

A program started from a result link, or in a sandbox, shows the paths of its files in `exe`, `cwd`, `maps` and
`environ`. They are searched for anything like the base name of an object, because a program may see the store under any
directory.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME: Final = re.compile(rb"[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]+")


def programs(proc: str = "/proc") -> Iterator[tuple[int, str]]:
    """Yield pairs of process id and possible base name of an object, for the processes that may be inspected."""
    try:
        numbers = sorted(int(name) for name in os.listdir(proc) if name.isdigit())
    except OSError:
        return
    for number in numbers:
        found: set[bytes] = set()
        for link in ("exe", "cwd", "root"):
            try:
                found.update(_NAME.findall(os.fsencode(os.readlink(f"{proc}/{number}/{link}"))))
            except OSError:
                continue
        for file in ("maps", "environ"):
            try:
                with open(f"{proc}/{number}/{file}", "rb") as text:
                    found.update(_NAME.findall(text.read()))
            except OSError:
                continue
        for name in sorted(found):
            yield number, name.decode("ascii")
