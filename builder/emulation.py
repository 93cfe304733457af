"""Which programs of other machines the kernel runs by an emulator (binfmt_misc).

Source: Documentation/admin-guide/binfmt-misc.rst of Linux. Flag F makes the kernel open the emulator when it is
registered, so that it runs in containers that do not contain it; other registrations are of no use to a sandbox.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

REGISTRATIONS = "/proc/sys/fs/binfmt_misc"
_LITTLE, _BIG = 1, 2
ELF = {
    "aarch64-linux": (_LITTLE, 183),
    "loongarch64-linux": (_LITTLE, 258),
    "ppc64-linux": (_BIG, 21),
    "ppc64le-linux": (_LITTLE, 21),
    "riscv64-linux": (_LITTLE, 243),
    "x86_64-linux": (_LITTLE, 62),
}
"""Byte order (EI_DATA) and machine (e_machine) of 64-bit programs, by system."""


class Registration(NamedTuple):
    """What the kernel runs by an emulator: files whose bytes at `offset`, under `mask`, are `magic`."""

    interpreter: str
    flags: str
    offset: int
    magic: bytes
    mask: bytes

    def covers(self, header: bytes) -> bool:
        """Whether it runs a file that begins with `header`."""
        part = header[self.offset : self.offset + len(self.magic)]
        mask = self.mask or b"\xff" * len(self.magic)
        return len(part) == len(self.magic) and all(
            byte & bits == wanted & bits for byte, bits, wanted in zip(part, mask, self.magic)
        )


def emulator_of(system: str, folder: str = REGISTRATIONS) -> str | None:
    """Return the path of the emulator that runs static programs of a system in every container; None without one."""
    found = [item for item in registrations_for(system, folder) if "F" in item.flags]
    return found[0].interpreter if found else None


def registrations_for(system: str, folder: str = REGISTRATIONS) -> list[Registration]:
    """Return the enabled registrations that run programs of a system, whatever their flags."""
    if system not in ELF:
        return []
    header = elf_header(*ELF[system])
    return [item for item in _registrations(folder) if item.covers(header)]


def elf_header(data: int, machine: int) -> bytes:
    """Return the first 20 bytes of a 64-bit executable (ET_EXEC)."""
    order: Literal["little", "big"] = "little" if data == _LITTLE else "big"
    identity = b"\x7fELF" + bytes((2, data, 1)) + bytes(9)
    return identity + (2).to_bytes(2, order) + machine.to_bytes(2, order)


def _registrations(folder: str) -> list[Registration]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []  # not mounted
    found = []
    for name in names:
        if name not in ("register", "status"):
            try:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    item = _parsed(file.read())
            except (OSError, ValueError):
                continue
            if item is not None:
                found.append(item)
    return found


def _parsed(text: str) -> Registration | None:
    """Parse the kernel's description of a registration; None for one that is disabled, or goes by extensions."""
    lines = text.splitlines()
    fields = dict(line.split(" ", 1) for line in lines if " " in line)
    if "enabled" not in lines or not fields.keys() >= {"interpreter", "magic"}:
        return None
    return Registration(
        fields["interpreter"],
        fields.get("flags:", ""),
        int(fields.get("offset", "0")),
        bytes.fromhex(fields["magic"]),
        bytes.fromhex(fields.get("mask", "")),
    )
