"""Packages made of files that a test writes down, as objects of a store."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from chx.arch import Elf, ElfFlags
from chx.builder.lint import Output, Subject, Target
from chx.store import Store


def target(name: str, machine: int, bits: int = 64, endian: str = "little", mask: int = 0, value: int = 0) -> Target:
    return Target(name, Elf(bits, endian, machine, ElfFlags(mask, value)))


X86_64 = target("x86_64", 62)

Files = Mapping[str, "bytes | tuple[str, str | bytes]"]
"""Bytes make a file, ("run", BYTES) one that can be run, ("link", TARGET) a symbolic link."""


def write(directory: Path, files: Files) -> None:
    directory.mkdir(parents=True)
    for path, content in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        kind, data = content if isinstance(content, tuple) else ("file", content)
        if kind == "link":
            os.symlink(data, place)
        else:
            assert isinstance(data, bytes)
            place.write_bytes(data)
            place.chmod(0o755 if kind == "run" else 0o644)


@pytest.fixture
def package(store, tmp_path):
    """`package(out=FILES, devel=FILES, ...)`: a subject with these outputs, and with a licence."""
    numbers = iter(range(1000))

    def make(*, about: Mapping[str, object] | None = None, **outputs: Files) -> Subject:
        return Subject(
            "test-1",
            tuple(_output(store, tmp_path / str(next(numbers)), name, files) for name, files in outputs.items()),
            **{"target": X86_64, "meta": {"license": "MIT"}, **(about or {})},
        )

    return make


def _output(store: Store, place: Path, name: str, files: Files) -> Output:
    write(place, files)
    path = store.add_tree(str(place), f"test-1-{name}")
    return Output(name, store.manifest(path), store.physical(path))


def elf(
    machine: int = 62,
    bits: int = 64,
    endian: str = "little",
    kind: int = 3,
    segments: tuple[tuple[int, int, bytes], ...] = (),
    flags: int = 0,
) -> bytes:
    """An ELF file with nothing in it but segments: type, flags, bytes."""
    order = "<" if endian == "little" else ">"
    head = order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH")
    row = order + ("IIQQQQQQ" if bits == 64 else "IIIIIIII")
    start, size = 16 + struct.calcsize(head), struct.calcsize(row)
    identity = b"\x7fELF" + bytes([bits // 32, 1 if endian == "little" else 2, 1]) + bytes(9)
    fields = (kind, machine, 1, 0, start if segments else 0, 0, flags, start, size, len(segments), 0, 0, 0)
    position = start + size * len(segments)
    rows, content = b"", b""
    for number, rights, data in segments:
        place = position + len(content)
        if bits == 64:
            rows += struct.pack(row, number, rights, place, place, place, len(data), len(data), 1)
        else:
            rows += struct.pack(row, number, place, place, place, len(data), len(data), rights, 1)
        content += data
    return identity + struct.pack(head, *fields) + rows + content


def dynamic(*rows: tuple[int, int], bits: int = 64, endian: str = "little") -> tuple[int, int, bytes]:
    """The dynamic segment with these tags and values, and its end mark."""
    form = ("<" if endian == "little" else ">") + ("QQ" if bits == 64 else "II")
    return 2, 6, b"".join(struct.pack(form, *row) for row in (*rows, (0, 0)))


def archive(*members: tuple[str, int, bytes]) -> bytes:
    """An `ar` archive: name, time, bytes."""
    text = b"!<arch>\n"
    for name, time, data in members:
        text += (
            f"{name + '/':<16}{time:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    return text
