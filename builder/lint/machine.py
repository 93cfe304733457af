"""Demands of ELF files on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...store.difference.archive import NotArchive, is_archive, members
from ...store.difference.elf import NotElf, dynamic, header, is_elf, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .subject import File, Subject, Target

_TEXTREL: Final = 22
_FLAGS: Final = 30
_FLAG_TEXTREL: Final = 4
_INTERP: Final = 3
_LONGEST: Final = 4096
_GNU_STACK: Final = 0x6474E551
_EXECUTABLE: Final = 1
_HEADER: Final = 64
"""Bytes in the largest header."""


def text_relocation(subject: Subject, file: File) -> Iterator[str]:
    """Find programs and libraries whose instructions the dynamic linker has to rewrite."""
    try:
        rows = dynamic(file.data) if is_elf(file.data) else ()
    except NotElf:
        return
    if any(tag == _TEXTREL or (tag == _FLAGS and value & _FLAG_TEXTREL) for tag, value in rows):
        yield "it has relocations in its instructions (DT_TEXTREL)"


def executable_stack(subject: Subject, file: File) -> Iterator[str]:
    """Find programs and libraries that demand an executable stack."""
    try:
        rows = segments(file.data) if is_elf(file.data) else ()
    except NotElf:
        return
    if any(segment.kind == _GNU_STACK and segment.flags & _EXECUTABLE for segment in rows):
        yield "it asks for an executable stack (PT_GNU_STACK)"


def loader(subject: Subject, file: File) -> Iterator[str]:
    """Find programs whose dynamic linker is neither in the package nor declared (PT_INTERP of the ELF specification)."""
    try:
        rows = segments(file.data) if is_elf(file.data) else ()
    except NotElf:
        return
    for segment in rows:
        if segment.kind == _INTERP:
            name = bytes(file.data[segment.start : min(segment.stop, segment.start + _LONGEST)])
            program = name.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
            if not subject.has_path(program):
                yield f"it is loaded by {program}, which is neither in the package nor in `runtime`"


def foreign_machine(subject: Subject, file: File) -> Iterator[str]:
    """Find programs, libraries and objects for another machine than the package's."""
    target = subject.target
    if target is None:
        return
    if is_elf(file.data):
        why = _foreign(target, bytes(file.data[:_HEADER]))
        if why is not None:
            yield why
    elif is_archive(file.data):
        try:
            parts = members(file.data)
        except NotArchive as error:
            yield f"it is a damaged archive: {error}"
            return
        for member in parts:
            data = bytes(file.data[member.start : min(member.stop, member.start + _HEADER)])
            why = _foreign(target, data) if is_elf(data) else None
            if why is not None:
                yield f"{member.name} in it: {why}"
                return


def _foreign(target: Target, data: bytes) -> str | None:
    try:
        found = header(data)
    except NotElf as error:
        return f"it is a damaged ELF file: {error}"
    if target.form.fits(data):
        return None
    return (
        f"it is made for machine {found.machine}, {found.word_size} bits, {found.endian}-endian,"
        f" flags {found.flags:#x}, and not for {target.name}"
    )
