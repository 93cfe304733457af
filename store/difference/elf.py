"""Read ELF files, 32 and 64 bits, both byte orders: headers, sections, segments and symbols.

Strict: any inconsistency raises `NotElf`, and the caller compares plain bytes.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .bytewise import Bytes

MAGIC: Final = b"\x7fELF"
EXECUTABLE: Final = 4
"""The flag of sections that hold instructions."""
_ALLOC: Final = 2
_PROGBITS: Final = 1
_NOBITS: Final = 8
_DYNAMIC: Final = 2
_LOAD: Final = 1
_NEEDED: Final = 1
_STRTAB: Final = 5
_SONAME: Final = 14
_LONGEST_NAME: Final = 4096
_SYMTAB: Final = 2
_DYNSYM: Final = 11
_DEFINITIONS: Final = (1, 2)
"""Types of symbols with content: objects and functions."""
_EXTENDED: Final = 0xFFFF
_MOST_SECTIONS: Final = 1 << 20


class NotElf(ValueError):
    """Bytes are not a whole ELF file."""


class Section(NamedTuple):
    """A section: `size` in memory; `start` and `stop` bound its bytes in the file (equal if it has none there)."""

    name: str
    kind: int
    flags: int
    address: int
    size: int
    start: int
    stop: int
    link: int = 0


class Header(NamedTuple):
    """Identification of an ELF file: `word_size` in bits, `endian` "little" or "big", numbers of `elf.h` for the rest."""

    word_size: int
    endian: str
    kind: int
    machine: int
    flags: int


class Segment(NamedTuple):
    """A row of the program headers: `start` and `stop` bound its bytes in the file, which lie at `address` in memory."""

    kind: int
    flags: int
    start: int
    stop: int
    address: int = 0


class Libraries(NamedTuple):
    """How a program or library is linked: its name as a library, and the names of the libraries that it needs."""

    soname: str | None
    needed: tuple[str, ...]


class _Form(NamedTuple):
    """Header formats of an ELF class, in the notation of `struct`, without byte order."""

    header: str
    section: str
    segment: str
    dynamic: str


# After e_ident: type machine version entry phoff shoff flags ehsize phentsize phnum shentsize shnum shstrndx.
# A section: name type flags addr offset size link info addralign entsize.
# A segment: type offset vaddr paddr filesz memsz flags align, with the flags second in 64 bits. A row of the
# dynamic section: tag value.
_FORMS: Final = {
    1: _Form("HHIIIIIHHHHHH", "IIIIIIIIII", "IIIIIIII", "II"),
    2: _Form("HHIQQQIHHHHHH", "IIQQQQIIQQ", "IIQQQQQQ", "QQ"),
}
_ORDERS: Final = {1: "<", 2: ">"}
# With 64 bits: name info other section value size; with 32: name value size info other section.
_SYMBOLS: Final = {1: "IIIBBH", 2: "IBBHQQ"}


def has_data(section: Section) -> bool:
    """Return whether a section has data of the program, as `.rodata` and `.data`: in memory, and no instructions."""
    return section.kind == _PROGBITS and bool(section.flags & _ALLOC) and not section.flags & EXECUTABLE


def is_elf(data: Bytes) -> bool:
    return data[:4] == MAGIC


def header(data: Bytes) -> Header:
    """Return the target of an ELF file. Raises `NotElf`."""
    form, order = _form(data)
    fields = _unpack(order + form.header, data, 16)
    return Header(32 if data[4] == 1 else 64, "little" if order == "<" else "big", fields[0], fields[1], fields[6])


def segments(data: Bytes) -> tuple[Segment, ...]:
    """The program headers of an ELF file, in order. Raises `NotElf`."""
    form, order = _form(data)
    fields = _unpack(order + form.header, data, 16)
    table, entry_size, count = fields[4], fields[8], fields[9]
    if not table or not count:
        return ()
    if entry_size != struct.calcsize(order + form.segment):
        raise NotElf("program headers of an unknown size")
    found = []
    for number in range(count):
        row = _unpack(order + form.segment, data, table + number * entry_size)
        kind, flags = row[0], row[6] if data[4] == 1 else row[1]
        start, address, size = (row[1], row[2], row[4]) if data[4] == 1 else (row[2], row[3], row[5])
        if start + size > len(data):
            raise NotElf("a segment leaves the file")
        found.append(Segment(kind, flags, start, start + size, address))
    return tuple(found)


def dynamic(data: Bytes) -> tuple[tuple[int, int], ...]:
    """Tags and values of the dynamic section, up to its end mark; nothing for a static program. Raises `NotElf`."""
    form, order = _form(data)
    spelt = order + form.dynamic
    size = struct.calcsize(spelt)
    rows: list[tuple[int, int]] = []
    for segment in segments(data):
        if segment.kind == _DYNAMIC:
            for position in range(segment.start, segment.stop - size + 1, size):
                tag, value = _unpack(spelt, data, position)
                if not tag:
                    break
                rows.append((tag, value))
    return tuple(rows)


def libraries(data: Bytes) -> Libraries:
    """Return the names in the dynamic section: DT_SONAME and DT_NEEDED, in order. Raises `NotElf`."""
    rows = dynamic(data)
    tables = [value for tag, value in rows if tag == _STRTAB]
    if not tables:
        return Libraries(None, ())
    for segment in segments(data):
        if segment.kind == _LOAD and segment.address <= tables[0] < segment.address + segment.stop - segment.start:
            table = tables[0] - segment.address + segment.start
            break
    else:
        raise NotElf("the names of the dynamic section are nowhere")

    def named(wanted: int) -> list[str]:
        return [_name(data, table + value, segment.stop) for tag, value in rows if tag == wanted]

    return Libraries(next(iter(named(_SONAME)), None), tuple(named(_NEEDED)))


def _name(data: Bytes, start: int, stop: int) -> str:
    text = bytes(data[start : min(start + _LONGEST_NAME, stop)])
    name, end, _ = text.partition(b"\0")
    if start >= stop or not end:
        raise NotElf("a name of the dynamic section has no end")
    return name.decode("utf-8", "surrogateescape")


def _form(data: Bytes) -> tuple[_Form, str]:
    """Return the header formats of a file, and the sign of its byte order."""
    if not is_elf(data) or len(data) < 16:
        raise NotElf("no ELF header")
    form, order = _FORMS.get(data[4]), _ORDERS.get(data[5])
    if form is None or order is None:
        raise NotElf("neither 32 nor 64 bits, or of no known byte order")
    return form, order


def sections(data: Bytes) -> tuple[Section, ...]:
    """The sections of an ELF file in the order of its table, without the empty first one. Raises `NotElf`."""
    form, order = _form(data)
    fields = _unpack(order + form.header, data, 16)
    table, entry_size, count, names_index = fields[5], fields[10], fields[11], fields[12]
    if not table:
        return ()
    if entry_size != struct.calcsize(order + form.section):
        raise NotElf("section headers of an unknown size")
    first = _unpack(order + form.section, data, table)
    # Numbers beyond 16 bits are in the first section header.
    count = count or first[5]
    names_index = first[6] if names_index == _EXTENDED else names_index
    if count > _MOST_SECTIONS or table + count * entry_size > len(data):
        raise NotElf("the table of sections leaves the file")
    headers = [_unpack(order + form.section, data, table + number * entry_size) for number in range(count)]
    names = _content(headers[names_index], data) if 0 < names_index < count else b""
    return tuple(_section(header, names, data) for header in headers[1:])


def _unpack(form: str, data: Bytes, position: int) -> tuple[int, ...]:
    size = struct.calcsize(form)
    if position + size > len(data):
        raise NotElf("a header leaves the file")
    return struct.unpack(form, data[position : position + size])


def _content(header: tuple[int, ...], data: Bytes) -> bytes:
    start, stop = _bounds(header, data)
    return bytes(data[start:stop])


def _bounds(header: tuple[int, ...], data: Bytes) -> tuple[int, int]:
    kind, offset, size = header[1], header[4], header[5]
    if kind in (0, _NOBITS):
        return 0, 0
    if offset + size > len(data):
        raise NotElf("a section leaves the file")
    return offset, offset + size


def _section(header: tuple[int, ...], names: bytes, data: Bytes) -> Section:
    start, stop = _bounds(header, data)
    end = names.find(b"\0", header[0])
    if header[0] and end < 0:
        raise NotElf("a section without a name")
    name = names[header[0] : max(end, header[0])].decode("latin-1")
    return Section(name, header[1], header[2], header[3], header[5], start, stop, header[6])


def symbols(data: Bytes, found: tuple[Section, ...]) -> dict[str, bytes]:
    """The named functions and objects that an ELF file with the sections `found` defines, with their bytes.

    Several of one name are put together. Without a symbol table that of the dynamic linker is read. Raises `NotElf`.
    """
    tables = [section for section in found if section.kind == _SYMTAB]
    tables = tables or [section for section in found if section.kind == _DYNSYM]
    form = _ORDERS[data[5]] + _SYMBOLS[data[4]]
    size = struct.calcsize(form)
    result: dict[str, bytes] = {}
    for table in tables:
        names = _names(data, found, table.link)
        for fields in struct.iter_unpack(form, data[table.start : table.stop - (table.stop - table.start) % size]):
            if data[4] == 2:
                name, info, _, index, value, length = fields
            else:
                name, value, length, info, _, index = fields
            if info & 15 not in _DEFINITIONS or not 0 < index <= len(found) or name >= len(names):
                continue
            section = found[index - 1]
            start = section.start + value - section.address
            content = data[start : start + length] if section.start <= start <= section.stop - length else b""
            text = names[name : names.find(b"\0", name)].decode("utf-8", "replace")
            if text:
                result[text] = result.get(text, b"") + bytes(content)
    return result


def _names(data: Bytes, found: tuple[Section, ...], index: int) -> bytes:
    if not 0 < index <= len(found):
        raise NotElf("a table of symbols without names")
    return bytes(data[found[index - 1].start : found[index - 1].stop])
