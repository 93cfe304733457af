"""Find the run-time dependencies of a program: its interpreter and its shared libraries."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

from ..errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PT_INTERP = 3


def is_script(path: str) -> bool:
    """Return whether the first line of a file names its interpreter."""
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def interpreter(path: str) -> str | None:
    """Return the program that the kernel starts a file with: its dynamic loader or the one after `#!`; None if none."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head.startswith(b"#!"):
            file.seek(2)
            words = os.fsdecode(file.readline(4096)).split()
            if words and os.path.basename(words[0]) == "env" and len(words) > 1:
                return shutil.which(words[1])
            return words[0] if words else None
        if not head.startswith(b"\x7fELF") or len(head) < 64:
            return None
        wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
        if wide:
            (table,), (size, count) = (
                struct.unpack_from(order + "Q", head, 32),
                struct.unpack_from(order + "HH", head, 54),
            )
        else:
            (table,), (size, count) = (
                struct.unpack_from(order + "I", head, 28),
                struct.unpack_from(order + "HH", head, 42),
            )
        for number in range(count):
            file.seek(table + number * size)
            segment = file.read(size)
            if struct.unpack_from(order + "I", segment)[0] != _PT_INTERP:
                continue
            if wide:
                offset, length = struct.unpack_from(order + "Q16xQ", segment, 8)
            else:
                offset, length = struct.unpack_from(order + "I8xI", segment, 4)
            file.seek(offset)
            return os.fsdecode(file.read(length).rstrip(b"\0"))
    return None


def libraries(loader: str, program: str) -> Sequence[str]:
    """Return the shared libraries of a program, as its own loader finds them."""
    run = subprocess.run(
        [loader, "--list", program], text=True, errors="surrogateescape", capture_output=True, check=False
    )
    if run.returncode:
        raise RequestError(f"{loader} --list {program} failed: {run.stderr.strip()}")
    return [path for path in re.findall(r"(/\S+) \(0x", run.stdout) if os.path.isfile(path)]
