"""Files compared by what is in them."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import struct
import sys
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.store.difference import (
    ArchiveChange,
    BinaryChange,
    ElfChange,
    PackedChange,
    TextChange,
    classes,
    compare_bytes,
    line_diff,
)
from chx.store.difference.archive import members
from chx.store.difference.bytewise import spread
from chx.store.difference.elf import NotElf, sections
from chx.store.difference.packed import NotPacked, decompressed, packed_members

FORMS = [(bits, order) for bits in (32, 64) for order in "<>"]


def make_elf(contents: dict[str, bytes], bits: int = 64, order: str = "<", flags: int = 2) -> bytes:
    """An ELF file with these sections and no segments."""
    names = b"\0"
    at = {}
    for name in (*contents, ".shstrtab"):
        at[name] = len(names)
        names += name.encode() + b"\0"
    size = 64 if bits == 64 else 52
    body = b""
    headers = [(0,) * 10]
    for name, content in (*contents.items(), (".shstrtab", names)):
        headers.append((at[name], 1, flags, 0, size + len(body), len(content), 0, 0, 1, 0))
        body += content
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    form = "IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII"
    head = struct.pack(
        order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"),
        *(
            2,
            62,
            1,
            0,
            0,
            size + len(body),
            0,
            size,
            0,
            0,
            struct.calcsize(order + form),
            len(headers),
            len(headers) - 1,
        ),
    )
    return ident + head + body + b"".join(struct.pack(order + form, *header) for header in headers)


def make_archive(contents: list[tuple[str, bytes]], stamp: int = 0) -> bytes:
    """A GNU archive; names over 15 characters go into its table of names."""
    names, body = b"", b""
    for name, content in contents:
        if len(name) > 15:
            field, names = f"/{len(names)}", names + name.encode() + b"/\n"
        else:
            field = name + "/"
        body += header(field, len(content), stamp) + content + b"\n" * (len(content) % 2)
    table = header("//", len(names)) + names + b"\n" * (len(names) % 2) if names else b""
    return b"!<arch>\n" + table + body


def header(name: str, size: int, stamp: int = 0) -> bytes:
    return f"{name:<16}{stamp:<12}{0:<6}{0:<6}{644:<8}{size:<10}`\n".encode()


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_differing_bytes_are_counted_as_by_hand(one: bytes, other: bytes) -> None:
    differing = [i for i in range(max(len(one), len(other))) if one[i : i + 1] != other[i : i + 1]]
    found = spread(one, other)
    assert found.count == len(differing)
    assert found.first == (differing[0] if differing else None)


def test_long_strings_are_compared_piece_by_piece() -> None:
    one = bytes(3 << 20)
    other = bytearray(one)
    other[(2 << 20) + 5] = other[-1] = 1
    found = spread(one, bytes(other) + b"more")
    assert (found.count, found.first) == (6, (2 << 20) + 5)


@given(st.binary(max_size=200))
def test_a_file_does_not_differ_from_itself(data: bytes) -> None:
    assert compare_bytes(data, data) is None


@given(st.text("ab\n", max_size=40), st.text("ab\n", max_size=40))
def test_a_text_diff_leads_from_one_text_to_the_other(one: str, other: str) -> None:
    lines = line_diff(one, other, context=1000)
    assert lines is not None
    if lines:
        kept = [line[1:] for line in lines[1:] if line[0] in " -"]
        new = [line[1:] for line in lines[1:] if line[0] in " +"]
        for text, found in ((one, kept), (other, new)):
            back = "".join(f"{line}\n" for line in found).replace(" (no end of line)\n", "")
            assert back == text
    else:
        assert one == other


def test_text_is_shown_by_lines() -> None:
    found = compare_bytes(b"a\nb\nc\nd\ne\nf\n", b"a\nb\nc\nd\nE\nf\n")
    assert isinstance(found, TextChange)
    assert found.lines == ("@@ -3,4 +3,4 @@", " c", " d", "-e", "+E", " f")


def test_texts_that_differ_everywhere_are_not_compared_by_lines() -> None:
    one, other = ("".join(f"{prefix}{i}\n" for i in range(10_000)) for prefix in "ab")
    assert compare_bytes(one.encode(), other.encode()) == TextChange(None, 10_000, 10_000)


@pytest.mark.parametrize(("bits", "order"), FORMS)
def test_sections_of_elf_are_read(bits: int, order: str) -> None:
    data = make_elf({".text": b"code", ".rodata": b"words"}, bits, order)
    found = sections(data)
    assert [section.name for section in found] == [".text", ".rodata", ".shstrtab"]
    assert [data[section.start : section.stop] for section in found[:2]] == [b"code", b"words"]


@pytest.mark.parametrize(("bits", "order"), FORMS)
def test_differing_sections_and_strings_are_told(bits: int, order: str) -> None:
    one = make_elf({".a": b"same", ".rodata": b"the answer is 42\0", ".gone": b"x"}, bits, order)
    other = make_elf({".a": b"same", ".rodata": b"the answer is 43\0", ".new": b"yz"}, bits, order)
    found = compare_bytes(one, other)
    assert isinstance(found, ElfChange)
    told = {
        part.name: (part.size_before, part.size_after, part.differing, part.first_offset) for part in found.sections
    }
    assert told[".rodata"] == (17, 17, 1, 15)
    assert told[".gone"] == (1, None, 1, 0)
    assert told[".new"] == (None, 2, 2, 0)
    assert ".a" not in told
    assert "the answer is 42" in found.strings_removed and "the answer is 43" in found.strings_added


def test_what_looks_like_words_in_code_is_not_told() -> None:
    one, other = (make_elf({".text": text}, flags=6) for text in (b"PUSHED", b"POPPED"))
    found = compare_bytes(one, other)
    assert isinstance(found, ElfChange)
    assert found.strings_removed == found.strings_added == ()


def test_a_difference_outside_of_sections_is_told() -> None:
    one = make_elf({".a": b"same"})
    other = one[:24] + b"\1" + one[25:]
    found = compare_bytes(one, other)
    assert isinstance(found, ElfChange)
    assert (found.sections, found.differing, found.first_offset) == ((), 1, 24)


def test_a_real_program_has_sections() -> None:
    with open(sys.executable, "rb") as file:
        names = [section.name for section in sections(file.read())]
    assert ".text" in names and ".rodata" in names


@given(
    st.sampled_from(FORMS),
    st.lists(st.tuples(st.integers(0, 500), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 500),
)
def test_damaged_elf_is_compared_or_refused_but_never_breaks(form, patches, cut) -> None:
    one = make_elf({".text": b"code" * 9, ".data": b"some words"}, *form)
    damaged = bytearray(one)
    for position, patch in patches:
        damaged[position : position + len(patch)] = patch
    for data in (bytes(damaged), one[:cut], bytes(damaged)[cut:]):
        assert compare_bytes(one, data) is None or data != one
        with contextlib.suppress(NotElf):
            assert all(section.stop <= len(data) for section in sections(data))


def test_members_of_archives_are_told() -> None:
    long = "a-name-of-more-than-fifteen.o"
    one = make_archive([("a.o", b"12345"), (long, b"same"), ("gone.o", b"x")])
    other = make_archive([("a.o", b"12x45"), (long, b"same"), ("new.o", b"yz")])
    assert [member.name for member in members(one)] == ["a.o", long, "gone.o"]
    found = compare_bytes(one, other)
    assert isinstance(found, ArchiveChange)
    told = [(member.name, member.size_before, member.size_after) for member in found.members]
    assert told == [("a.o", 5, 5), ("gone.o", 1, None), ("new.o", None, 2)]
    assert not found.is_reordered


def test_sections_within_members_are_told() -> None:
    one, other = (make_archive([("a.o", make_elf({".rodata": text}))]) for text in (b"before", b"behind"))
    found = compare_bytes(one, other)
    assert isinstance(found, ArchiveChange)
    content = found.members[0].content
    assert isinstance(content, ElfChange)
    assert [part.name for part in content.sections] == [".rodata"]


def test_times_and_order_of_members_are_told() -> None:
    found = compare_bytes(make_archive([("a.o", b"1")]), make_archive([("a.o", b"1")], stamp=99))
    assert isinstance(found, ArchiveChange)
    assert found.members[0].stamp and found.members[0].content is None
    parts = [("a.o", b"1"), ("b.o", b"2")]
    found = compare_bytes(make_archive(parts), make_archive(parts[::-1]))
    assert isinstance(found, ArchiveChange)
    assert found.is_reordered and found.members == ()


@given(st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=8)), max_size=6), st.integers(0, 200))
def test_damaged_archives_are_compared_all_the_same(patches, cut) -> None:
    one = make_archive([("a.o", b"12345"), ("a-name-of-more-than-fifteen.o", b"same")])
    damaged = bytearray(one)
    for position, patch in patches:
        damaged[position : position + len(patch)] = patch
    for data in (bytes(damaged), one[:cut]):
        assert (compare_bytes(one, data) is None) == (data == one)


def test_other_bytes_are_shown_around_the_first_difference() -> None:
    one = bytes(range(256))
    other = one[:100] + b"\0\0" + one[102:]
    found = compare_bytes(one, other)
    assert isinstance(found, BinaryChange)
    assert (found.differing, found.first_offset, found.shown_from) == (2, 100, 80)
    assert found.bytes_before == one[80:128] and found.bytes_after == other[80:128]


def make_tar(contents: dict[str, bytes], time: int = 0, owner: int = 0) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.uid = len(content), time, owner
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def make_zip(contents: dict[str, bytes], year: int = 2000) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_archives_are_compared_by_members_and_those_in_compressed_files_too(make) -> None:
    one = make({"a": b"a\n", "b": b"b\n", "gone": b""})
    other = make({"b": b"b\n", "a": b"x\n"})
    change = compare_bytes(one, other)
    assert isinstance(change, ArchiveChange) and change.is_reordered
    assert [(member.name, member.stamp) for member in change.members] == [("a", False), ("gone", False)]
    assert isinstance(change.members[0].content, TextChange) and change.members[1].size_after is None
    for how, pack in (("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)):
        packed = compare_bytes(pack(one), pack(other))
        assert isinstance(packed, PackedChange) and (packed.form, packed.content) == (how, change)


def test_times_and_owners_of_members_are_told_apart() -> None:
    (member,) = compare_bytes(make_tar({"a": b""}), make_tar({"a": b""}, time=9)).members
    assert (member.stamp, member.time, member.content) == (True, True, None)
    (member,) = compare_bytes(make_tar({"a": b""}), make_tar({"a": b""}, owner=9)).members
    assert (member.stamp, member.time) == (True, False)
    assert classes(compare_bytes(make_zip({"a": b""}), make_zip({"a": b""}, 2001))) == ("date",)


def test_what_is_equal_inside_differs_by_its_packing() -> None:
    early, late = gzip.compress(b"x" * 999, mtime=1), gzip.compress(b"x" * 999, mtime=2)
    assert compare_bytes(early, late) == PackedChange("gzip", None, True)
    assert classes(compare_bytes(early, late)) == ("date",)
    change = compare_bytes(bz2.compress(b"x" * 999_999, 1), bz2.compress(b"x" * 999_999, 9))
    assert change == PackedChange("bzip2", None, False) and classes(change) == ("packing",)


def test_archives_in_archives_have_a_floor() -> None:
    one, other = b"a", b"b"
    for _ in range(9):
        one, other = gzip.compress(one, mtime=0), gzip.compress(other, mtime=0)
    change = compare_bytes(one, other)
    depth = 0
    while isinstance(change, PackedChange):
        change, depth = change.content, depth + 1
    assert depth == 4 and isinstance(change, BinaryChange)


@given(st.sampled_from([make_tar, make_zip]), st.data())
def test_damaged_archives_are_compared_as_bytes(make, data) -> None:
    whole = make({"a": b"content", "b": bytes(600)})
    position = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:position] + bytes([whole[position] ^ data.draw(st.integers(1, 255))]) + whole[position + 1 :]
    for candidate in (damaged, whole[:position], gzip.compress(whole)[:position]):
        assert compare_bytes(whole, candidate) is not None


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch) -> None:
    monkeypatch.setattr("chx.store.difference.packed.MOST", 1000)
    with pytest.raises(NotPacked, match="too large"):
        decompressed(gzip.compress(bytes(1001)), "gzip")
    with pytest.raises(NotPacked, match="too large"):
        packed_members(make_zip({"a": bytes(600), "b": bytes(600)}), "zip")
    assert len(decompressed(gzip.compress(bytes(1000)), "gzip")) == 1000


def make_object(functions: dict[str, bytes], bits: int, order: str) -> bytes:
    """An ELF file with these functions, one after the other, and their symbols."""
    names, table, code = b"\0", bytes(24 if bits == 64 else 16), b""
    for name, content in functions.items():
        fields = (len(names), 0x12, 0, 1, len(code), len(content))
        if bits == 64:
            table += struct.pack(order + "IBBHQQ", *fields)
        else:
            table += struct.pack(order + "IIIBBH", fields[0], fields[4], fields[5], *fields[1:4])
        names += name.encode() + b"\0"
        code += content
    image = bytearray(make_elf({".text": code, ".symtab": table, ".strtab": names}, bits, order, flags=4))
    # The kind and the link of the table of symbols, in its section header.
    form = order + ("IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII")
    header = len(image) - 3 * struct.calcsize(form)
    fields = list(struct.unpack_from(form, image, header))
    fields[1], fields[6] = 2, 3
    struct.pack_into(form, image, header, *fields)
    return bytes(image)


@pytest.mark.parametrize("bits, order", FORMS)
def test_symbols_are_compared_by_name_and_content(bits, order) -> None:
    one = make_object({"same": b"1234", "old": b"x", "changed": b"ab"}, bits, order)
    other = make_object({"same": b"1234", "changed": b"ac", "new": b"yy"}, bits, order)
    change = compare_bytes(one, other)
    assert isinstance(change, ElfChange)
    assert (change.symbols_removed, change.symbols_added, change.symbols_changed) == (("old",), ("new",), ("changed",))
    assert classes(change) == ("code", "symbols")


@given(st.data())
def test_damaged_tables_of_symbols_are_refused_or_read(data) -> None:
    whole = bytearray(make_object({"f": b"1234", "g": b"5678"}, 64, "<"))
    for _ in range(3):
        whole[data.draw(st.integers(64, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert compare_bytes(bytes(whole), make_object({"f": b"12345"}, 64, "<")) is not None


@pytest.mark.parametrize(
    "before, after, expected",
    [
        (b"a\nb\nc\n", b"c\na\nb\n", ("order",)),
        (b"made on 2026-01-02 at 10:11:12\n", b"made on 2027-03-04 at 01:02:03\n", ("date",)),
        (b"Built Nov 25 2026\n", b"Built Jan  3 2027\n", ("date",)),
        (b"stamp 1700000000\n", b"stamp 1734560000\n", ("date",)),
        (b"1795635220983319332\n", b"1795635221033105686\n", ("date",)),
        (b"in /build/source/a.c:7\n", b"in /tmp/varied/build/source/a.c:7\n", ("path",)),
        (b"/build/a on Mon\n", b"/tmp/a on Tue\n", ("path", "date")),
        (b"one\n", b"two\n", ("text",)),
        (b"version 1\n", b"version 2\n", ("text",)),
        (b"a\0b", b"a\0c", ("bytes",)),
        (make_archive([("a.o", b"1"), ("b.o", b"2")]), make_archive([("b.o", b"2"), ("a.o", b"1")]), ("order",)),
        (make_archive([("a.o", b"1")]), make_archive([("a.o", b"1")], stamp=7), ("date",)),
        (make_archive([("a.o", b"1")]), make_archive([]), ("files",)),
        (
            make_elf({".rodata": b"from /build/source here\0"}),
            make_elf({".rodata": b"from /tmp/v/source here\0"}),
            ("path",),
        ),
        (
            make_elf({".note.gnu.build-id": b"1" * 20, ".text": b"a"}, flags=4),
            make_elf({".note.gnu.build-id": b"2" * 20, ".text": b"b"}, flags=4),
            ("build-id", "code"),
        ),
        (make_elf({".data": b"\1"}), make_elf({".data": b"\2"}), ("data",)),
        (
            make_elf({".debug_str": b"/build/source/x.c\0"}),
            make_elf({".debug_str": b"/tmp/varied/x/x.c\0"}),
            ("path", "debug"),
        ),
    ],
)
def test_differences_have_classes(before, after, expected) -> None:
    assert classes(compare_bytes(before, after)) == expected


@pytest.mark.parametrize("name", [".rodata", ".data", ".data.rel.ro"])
def test_bytes_of_data_sections_are_kept(name: str) -> None:
    data = b"0123456789abcdef" * 8
    changed = data[:70] + b"X" + data[71:]
    found = compare_bytes(make_elf({name: data}), make_elf({name: changed}))
    assert isinstance(found, ElfChange)
    (section,) = found.sections
    assert (section.first_offset, section.shown_from) == (70, 48)
    assert (section.bytes_before, section.bytes_after) == (data[48:96], changed[48:96])


@pytest.mark.parametrize(("name", "flags"), [(".text", 6), (".comment", 0), (".eh_frame", 2)])
def test_bytes_of_code_and_tables_are_not(name: str, flags: int) -> None:
    found = compare_bytes(make_elf({name: b"a" * 64}, flags=flags), make_elf({name: b"b" * 64}, flags=flags))
    assert isinstance(found, ElfChange) and found.sections[0].shown_from is None
