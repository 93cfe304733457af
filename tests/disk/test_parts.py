"""Initramfs, partition tables, FAT and programs of UEFI: what is written is what others read."""

from __future__ import annotations

import itertools
import json
import random
import struct
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from chx.disk import InvalidNode, InvalidParameter, InvalidStub, Kind, Node, NoRoom, Partition, archive, fat, gpt, uki

from ..programs import needed

ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
MIB = 1 << 20


def said(*words: str | Path) -> str:
    return subprocess.run([needed(str(words[0])), *words[1:]], check=True, capture_output=True, text=True).stdout


# --- initramfs


def test_an_initramfs_is_what_cpio_lists(tmp_path: Path) -> None:
    nodes = [
        Node(b"dev/console", Kind.CHARACTER, 0o600, device=(5, 1)),
        Node.of_bytes(b"init", b"#!/bin/sh\n", 0o4755, 3, 4),
        Node(b"run", Kind.FIFO, 0o600),
        Node(b"sbin", Kind.SYMLINK, 0o777, target=b"usr/bin"),
    ]
    data = b"".join(archive(nodes, 1))
    assert data == b"".join(archive(nodes[::-1], 1))
    listed = subprocess.run(
        [needed("cpio"), "-itvn", "--quiet"],
        input=data,
        check=True,
        capture_output=True,
        env={"TZ": "UTC", "LC_ALL": "C"},
    ).stdout.decode()
    assert [(line.split()[0], line.split()[-1]) for line in listed.splitlines() if "->" not in line] == [
        ("drwxr-xr-x", "."), ("drwxr-xr-x", "dev"), ("crw-------", "dev/console"), ("-rwsr-xr-x", "init"), ("prw-------", "run"),
    ]  # fmt: skip
    assert (
        "5,   1" in listed
        and "sbin -> usr/bin" in listed
        and ["3", "4"] in [line.split()[2:4] for line in listed.splitlines()]
    )
    # The kernel reads several, one after the other, if each ends where a word does.
    assert len(data) % 4 == 0


def test_a_header_of_an_initramfs_is_that_of_the_format() -> None:
    (head, body, *_) = [*archive([Node.of_bytes(b"a", b"xyz")], 1)][1:]
    assert head == b"070701" + b"00000002000081A40000000000000000000000010000000100000003" + (
        b"00000000" * 4 + b"00000002" + b"00000000" + b"a\0"
    )
    assert body == b"xyz"


def test_an_initramfs_has_limits() -> None:
    with pytest.raises(InvalidNode):
        archive([Node(b"a", Kind.FILE, 0o644, size=1 << 32, open=lambda: None)], 1)  # type: ignore[arg-type, return-value]
    with pytest.raises(InvalidNode):
        archive([Node.of_bytes(b"TRAILER!!!", b"")], 1)
    with pytest.raises(InvalidParameter):
        archive([], -1)


# --- partition tables


def partition(name: str, start: int, size: int, number: int = 1) -> Partition:
    return Partition(ESP, UUID(int=number), name, start, size)


def test_a_table_is_what_sfdisk_reads(tmp_path: Path) -> None:
    size = 100 * MIB
    parts = [partition("EFI", MIB, 40 * MIB), partition("root \u00e9", 41 * MIB, 20 * MIB, 2)]
    begin, end = gpt.tables(size, UUID(int=7), parts)
    assert (len(begin), len(end)) == (gpt.FIRST, gpt.LAST)
    with open(tmp_path / "disk", "wb") as file:
        file.write(begin)
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)
    assert "No errors detected" in said("sfdisk", "--verify", tmp_path / "disk")
    table = json.loads(said("sfdisk", "--json", tmp_path / "disk"))["partitiontable"]
    assert (table["label"], table["id"]) == ("gpt", "00000000-0000-0000-0000-000000000007")
    assert [(one["start"], one["size"], one["uuid"][-1], one["name"]) for one in table["partitions"]] == [
        (2048, 81920, "1", "EFI"), (83968, 40960, "2", "root \u00e9"),
    ]  # fmt: skip
    # The copy at the end is enough, where the beginning is lost.
    with open(tmp_path / "disk", "r+b") as file:
        file.seek(512)
        file.write(bytes(512))
    assert (
        json.loads(said("sfdisk", "--json", tmp_path / "disk"))["partitiontable"]["partitions"] == table["partitions"]
    )


def test_both_headers_have_their_sums() -> None:
    from zlib import crc32

    begin, end = gpt.tables(64 * MIB, UUID(int=7), [partition("EFI", MIB, MIB)])
    for header, table in ((begin[512:604], begin[1024:]), (end[-512:-420], end[:-512])):
        (own,) = struct.unpack_from("<I", header, 16)
        assert own == crc32(header[:16] + bytes(4) + header[20:])
        assert struct.unpack_from("<I", header, 88)[0] == crc32(table)
    assert begin[510:512] == b"\x55\xaa" and begin[450] == 0xEE


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (100, []),
        (MIB + 1, []),
        (10 * MIB, [partition("x", MIB, 10 * MIB)]),
        (10 * MIB, [partition("x", 0, MIB)]),
        (10 * MIB, [partition("x", MIB, 2 * MIB), partition("y", 2 * MIB, MIB, 2)]),
        (10 * MIB, [partition("x", MIB, 100)]),
        (10 * MIB, [partition("x" * 37, MIB, MIB)]),
        (10 * MIB, [partition("x\0", MIB, MIB)]),
        (10 * MIB, [partition("x", MIB, MIB), partition("y", 2 * MIB, MIB)]),
        (10 * MIB, [partition("x", MIB, MIB, 7)]),
        (10 * MIB, [Partition(ESP, UUID(int=1), "x", MIB, MIB, 1 << 64)]),
        (200 * MIB, [partition("x", MIB + number * MIB, MIB, 100 + number) for number in range(129)]),
    ],
)
def test_partitions_that_do_not_fit_are_refused(size: int, parts: list[Partition]) -> None:
    with pytest.raises(InvalidParameter):
        gpt.tables(size, UUID(int=7), parts)


# --- FAT


def test_a_fat_is_what_others_read(tmp_path: Path) -> None:
    files = {"EFI/BOOT/BOOTX64.EFI": random.Random(1).randbytes(3_000_001), "NOTE.TXT": b"note", "EMPTY": b""}
    size = 40 * MIB
    data = b"".join(fat.file_system(files, size, 0x1234ABCD, "ESP"))
    image = tmp_path / "image"
    with open(image, "wb") as file:
        file.write(data)
        file.truncate(size)
    checked = said("fsck.fat", "-n", image)
    assert "6 files" in checked and "differences" not in checked and "Free cluster summary" not in checked
    listed = said("mdir", "-/", "-i", image)
    assert "BOOTX64  EFI   3000001 1980-01-01" in listed and "Volume Serial Number is 1234-ABCD" in listed
    for path, content in files.items():
        assert subprocess.run([needed("mtype"), "-i", image, f"::/{path}"], capture_output=True).stdout == content


def test_a_fat_is_no_smaller_than_fat32_can_be() -> None:
    least = fat.needed_size({"A": b""})
    assert 65_525 * 512 < least < 65_525 * 512 + 2 * MIB
    with pytest.raises(NoRoom):
        list(fat.file_system({"A": b""}, least - 512, 1, "ESP"))
    big = {"A": bytes(80 * MIB)}
    assert sum(map(len, fat.file_system(big, fat.needed_size(big), 1, "ESP"))) <= fat.needed_size(big)


@pytest.mark.parametrize("path", ["lower.efi", "TOO-LONG-NAME", "A.TOOL", "A//B", "", "A/B\0", "E\u00c9"])
def test_names_that_are_not_short_are_refused(path: str) -> None:
    with pytest.raises(InvalidParameter):
        fat.needed_size({path: b""})


@pytest.mark.parametrize(
    ("size", "volume", "label"),
    [(1 << 41, 1, "ESP"), (40 * MIB, 1 << 32, "ESP"), (40 * MIB, -1, "ESP")]
    + [(40 * MIB, 1, label) for label in ("", "esp", "\u00c9", "A" * 12, "A ", " A", "A.B", "A\n")],
)
def test_numbers_and_labels_have_limits(size: int, volume: int, label: str) -> None:
    with pytest.raises(InvalidParameter):
        next(fat.file_system({"A": b""}, size, volume, label))


def test_a_directory_has_limits() -> None:
    with pytest.raises(InvalidParameter):
        fat.needed_size({f"{number}": b"" for number in range(1 << 16)})


# --- programs of UEFI


def stub(sections: int = 1, room: int = 0x1000) -> bytes:
    """A program as small as a PE32+ file can be: headers, and a section of one page."""
    head = bytearray(room)
    head[:2] = b"MZ"
    struct.pack_into("<I", head, 0x3C, 0x40)
    struct.pack_into("<4sHHIIIHH", head, 0x40, b"PE\0\0", 0x8664, sections, 0, 0, 0, 240, 0x22E)
    struct.pack_into("<H", head, 0x58, 0x20B)
    struct.pack_into("<II", head, 0x58 + 32, 4096, 512)
    struct.pack_into("<IIIH", head, 0x58 + 56, room + 4096, room, 0, 10)
    struct.pack_into("<8sIIII", head, 0x58 + 240, b".text", 4096, room, 4096, room)
    return bytes(head) + bytes(4096)


def sections_of(program: bytes) -> dict[str, bytes]:
    """The sections as a firmware loads them: their content by name."""
    (pe,) = struct.unpack_from("<I", program, 0x3C)
    count, size = struct.unpack_from("<H12xH", program, pe + 6)
    (image,) = struct.unpack_from("<I", program, pe + 24 + 56)
    found, end = {}, 0
    for number in range(count):
        at = pe + 24 + size + 40 * number
        name, length, place, raw_size, raw = struct.unpack_from("<8sIIII", program, at)
        assert place % 4096 == 0 and raw % 512 == 0 and place >= end and raw + raw_size <= len(program)
        end = place + length
        found[name.rstrip(b"\0").decode()] = program[raw : raw + length]
    assert image >= end and image % 4096 == 0
    return found


def test_a_program_has_what_was_put_into_it() -> None:
    parts = {".cmdline": b"console=ttyS0", ".initrd": bytes(range(256)) * 33, ".linux": b"MZ" + bytes(70_000)}
    made = uki.assemble(stub(), parts)
    found = sections_of(made)
    assert list(found) == [".text", *parts] and {name: found[name] for name in parts} == parts
    assert made == uki.assemble(stub(), parts)
    assert sections_of(uki.assemble(made, {".osrel": b"ID=chx"}))[".linux"] == parts[".linux"]


PE, OPTIONAL, SECTION = 0x40, 0x58, 0x58 + 240


def patched(at: int, form: str, *values: int, of: bytes | None = None) -> bytes:
    """The program with other values in its headers."""
    data = bytearray(of or stub())
    struct.pack_into(form, data, at, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "ends within its headers"),
        (b"MZ", "ends within its headers"),
        (stub()[:100], "ends within its headers"),
        (bytes(4096), "no program of UEFI"),
        (stub().replace(b"PE\0\0", b"PX\0\0"), "no program of UEFI"),
        (patched(0x3C, "<I", 0xFFFFFFFF), "ends within its headers"),
        (patched(OPTIONAL, "<H", 0x10B), "no program of UEFI"),
        (patched(PE + 20, "<H", 0), "no program of UEFI"),
        (patched(OPTIONAL + 68, "<H", 11), "no application of UEFI"),
        (patched(OPTIONAL + 108, "<I32xI", 5, 0x2000), "signed"),
        (patched(OPTIONAL + 108, "<I", 17), "larger than the room"),
        (patched(PE + 6, "<H", 0xFFFF), "ends within its headers"),
        (patched(PE + 6, "<H", 100), "larger than the room"),
        (patched(OPTIONAL + 60, "<I", 0x7FFFFFFF), "larger than the room"),
        *((patched(OPTIONAL + 32, "<II", *pair), "aligned") for pair in ((0, 0), (4096, 0), (512, 4096), (4096, 513), (1 << 20, 512))),
        *((patched(SECTION + 16, "<II", *pair), "not within the file") for pair in ((0xFFFFFFFF, 0x1000), (4096, 0x2000), (512, 0x200))),
        *((patched(SECTION + 8, "<II", *pair), "not within the image") for pair in ((4096, 0), (0xFFFFFFFF, 0x1000), (1, 0xFFFFFFFF))),
        (patched(SECTION + 40, "<I", 1), "behind the headers"),
        (patched(OPTIONAL + 56, "<I", 0xFFFFFFFF), "2 GiB"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_is_no_program_of_uefi_is_refused(broken: bytes, reason: str) -> None:
    with pytest.raises(InvalidStub, match=reason):
        uki.assemble(broken, {".linux": b"x"})


@given(st.lists(st.tuples(st.integers(0, SECTION + 40), st.integers(0, 255)), max_size=8))
def test_damaged_headers_give_a_program_or_an_error(damage: list[tuple[int, int]]) -> None:
    data = bytearray(stub())
    for at, value in damage:
        data[at] = value
    try:
        made = uki.assemble(bytes(data), {".linux": b"x"})
    except InvalidStub:
        return
    assert b".linux\0\0" in made and len(made) >= len(data) + 1


def test_headers_have_room_or_are_refused() -> None:
    with pytest.raises(InvalidStub, match="no room"):
        uki.assemble(stub(room=512), {f".{number}": b"x" for number in range(10)})
    for name in (".much-too-long", "", ".\u00e9", ".a\n"):
        with pytest.raises(InvalidStub, match="more than 8 bytes"):
            uki.assemble(stub(), {name: b"x"})
    with pytest.raises(InvalidStub, match="already"):
        uki.assemble(stub(), {".text": b"x"})


def test_all_of_it_is_the_same_bytes_as_ever() -> None:
    nodes = [Node.of_bytes(b"init", b"x"), Node(b"dev/console", Kind.CHARACTER, 0o600, device=(5, 1))]
    parts = [partition("ESP", MIB, 40 * MIB)]
    made = {
        "cpio": b"".join(archive(nodes, 1)),
        "gpt": b"".join(gpt.tables(64 * MIB, UUID(int=7), parts)),
        "fat": b"".join(fat.file_system({"EFI/BOOT/BOOTX64.EFI": b"MZ"}, 40 * MIB, 1, "ESP")),
        "uki": uki.assemble(stub(), {".linux": b"MZ", ".initrd": b"x"}),
    }
    assert {name: blake3(data).hexdigest()[:16] for name, data in made.items()} == {
        "cpio": "424066932f8436b8", "gpt": "1dcd2436a66c187f", "fat": "a936b02a59f90792", "uki": "170b882a75b9f403",
    }  # fmt: skip
