"""A profile as a value.

The names are those of the files, written as Python writes names: `wordSize` is `word_size`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Endian = Literal["big", "little"]


@dataclass(frozen=True, slots=True)
class ElfFlags:
    """Which bits of e_flags tell programs of this ABI from others, and what these are."""

    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class Elf:
    """What the header of a program says: `class_` in bits, and the number of the machine."""

    class_: int
    data: Endian
    machine: int
    flags: ElfFlags

    def fits(self, header: bytes) -> bool:
        """Whether the first 64 bytes of an ELF file say that it is for this architecture."""
        order: Endian = "big" if header[5:6] == b"\2" else "little"
        flags_at = 36 if self.class_ == 32 else 48
        return (
            header[:4] == b"\x7fELF"
            and header[4:6] == bytes([self.class_ // 32, 1 if self.data == "little" else 2])
            and int.from_bytes(header[18:20], order) == self.machine
            and int.from_bytes(header[flags_at : flags_at + 4], order) & self.flags.mask == self.flags.value
        )


@dataclass(frozen=True, slots=True)
class Hardening:
    """What protects programs by itself, where the machine and the compiler have it."""

    auto_var_init: bool
    branch_protection: tuple[str, ...]
    fortify: bool
    integer_sanitizers: bool
    now: bool
    pie: bool
    relro: bool
    stack_clash: bool
    stack_protector: bool


@dataclass(frozen=True, slots=True)
class LinkTime:
    """Whether link-time optimisation works, and whether ThinLTO does."""

    supported: bool
    thin: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """An architecture: docs/arch.md says what each attribute means. Sizes of pages are in bytes, of words in bits."""

    description: str
    demonstration: bool
    name: str
    system: str
    machine: str
    triplet: str
    endian: Endian
    word_size: int
    page_size: int
    usual_page_size: int
    long_double: Literal["double", "quad", "x87"]
    cpu: str
    flags: tuple[str, ...]
    llvm: str
    musl: str
    loader: str
    linux: str
    qemu: str
    debian: str
    apk: str
    oci: str
    elf: Elf
    hardening: Hardening
    lto: LinkTime

    @classmethod
    def of(cls, data: dict[str, Any]) -> Profile:
        """A profile of what evaluating `default.nix` gave for it, which is checked already."""
        elf = _pythonic(data["elf"])
        elf["flags"] = ElfFlags(**elf["flags"])
        elf["class_"] = elf.pop("class")
        parts = {
            "elf": Elf(**elf),
            "hardening": Hardening(**_pythonic(data["hardening"])),
            "lto": LinkTime(**data["lto"]),
        }
        return cls(**{**_pythonic(data), **parts})


def _pythonic(data: dict[str, Any]) -> dict[str, Any]:
    return {_snake(name): tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
