"""Whatever a file of version 3 holds, reading it ends with a named error, in time and memory that its size bounds."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.apk import (
    Acl,
    ApkError,
    Directory,
    File,
    Index,
    Info,
    Package,
    index_entry,
    pack,
    read_index,
    read_package,
    write_index,
    write_package,
)
from chx.apk import contents as contents_
from chx.apk.blocks import ADB, DATA, PACKAGE, SIGNATURE, block
from chx.apk.compression import Compression, PackedWriter
from chx.apk.errors import BadContent, BadValue, Damaged, HostileName, NotApk, TooLarge, Truncated, Unsupported
from chx.apk.values import ARRAY, INT, OBJECT, Values, Writer

from .packages import opener

ACL = Acl(0o755)
HEAD = b"ADB.pckg"


def container(values: bytes, *blocks: bytes, schema: bytes = PACKAGE) -> bytes:
    return b"ADB." + schema + block(ADB, values) + b"".join(blocks)


def read(data: bytes) -> Package:
    """Read all of a package."""
    reader = read_package(io.BytesIO(data), "x.apk")
    reader.verify()
    return reader.package


def refused(error: type[ApkError], data: bytes, words: str = "") -> None:
    """Reading all of a package raises this error, with the file's name and these words."""
    with pytest.raises(error) as caught:
        read(data)
    assert caught.value.message.startswith("'x.apk': ")
    assert words in caught.value.message, caught.value.message
    assert len(caught.value.message) < 600
    assert caught.value.code.startswith("P0")


def values_of(build: Callable[[Writer], int]) -> bytes:
    writer = Writer()
    return bytes(writer.finish(build(writer)))


def info_word(writer: Writer) -> int:
    return writer.words([writer.blob(b"demo"), writer.blob(b"1")])


def tree_values(paths: Callable[[Writer], int]) -> bytes:
    """The values of a package with these paths."""
    return values_of(lambda writer: writer.words([info_word(writer), paths(writer)]))


def file_word(writer: Writer, name: bytes, data: bytes = b"", target: bytes = b"", digest: bytes | None = None) -> int:
    found = hashlib.sha256(data).digest() if digest is None else digest
    return writer.words(
        [writer.blob(name), writer.words([INT | 0o644]), INT | len(data), INT, writer.blob(found), writer.blob(target)]
    )


def one_folder(name: bytes, *files: Callable[[Writer], int]) -> Callable[[Writer], int]:
    return lambda writer: writer.words([folder_word(writer, name, *files)])


def folder_word(writer: Writer, name: bytes, *files: Callable[[Writer], int]) -> int:
    return writer.words(
        [writer.blob(name), writer.words([INT | 0o755]), writer.words([file(writer) for file in files])]
    )


def two_files() -> tuple[Package, dict[str, bytes]]:
    contents = {"etc/a": b"one", "etc/b": b"second"}
    files = tuple([File(path[4:], ACL, len(data), 1, hashlib.sha256(data).digest()) for path, data in contents.items()])
    return Package(Info("demo", "1"), (Directory("etc", ACL, files),)), contents


def good() -> bytes:
    package, contents = two_files()
    out = io.BytesIO()
    write_package(out, package, opener(contents))
    return out.getvalue()


def parts() -> tuple[bytes, list[bytes]]:
    """The values of `good`, and its DATA blocks."""
    data = good()
    size = int.from_bytes(data[8:12], "little")
    values, rest = data[12 : 8 + size], data[8 + size + (-size & 7) :]
    blocks = []
    while rest:
        length = int.from_bytes(rest[:4], "little") & 0x3FFFFFFF
        length += -length & 7
        blocks.append(rest[:length])
        rest = rest[length:]
    return values, blocks


def data_block(directory: int, file: int, content: bytes) -> bytes:
    return block(DATA, struct.pack("<II", directory, file) + content)


def test_the_good_one_is_read() -> None:
    values, blocks = parts()
    assert read(container(values, *blocks)) == read(good())
    assert len(blocks) == 2


# The container


@pytest.mark.parametrize(
    "data",
    [b"", b"A", b"ADB", b"PK\x03\x04", b"ADBx", b"ADB.wxyz", b"ADBc", b"ADBc\x00", b"ADBc\x00\x00ADBdpckg", HEAD[:7]],
)
def test_what_is_no_container(data: bytes) -> None:
    with pytest.raises((NotApk, Truncated)):
        read(data)


def test_an_unknown_compression() -> None:
    refused(Unsupported, b"ADBc\x07\x00" + good(), "number 7")


def test_an_index_is_no_package_and_a_package_no_index() -> None:
    out = io.BytesIO()
    write_index(out, Index("d", (Info("a", "1"),)))
    refused(NotApk, out.getvalue(), "no package")
    with pytest.raises(NotApk):
        read_index(io.BytesIO(good()))


def test_every_truncation_is_named() -> None:
    data = good()
    for size in range(len(data)):
        with pytest.raises(ApkError) as caught:
            read(data[:size])
        assert isinstance(caught.value, (Truncated, NotApk, BadContent)), size


@pytest.mark.parametrize("method", ["deflate", "zstd"])
def test_every_truncation_of_packed_files_is_named(method: str) -> None:
    out = io.BytesIO()
    pack(io.BytesIO(good()), out, method)
    data = out.getvalue()
    # A frame of zstd ends with bytes that say nothing more about the content.
    for size in range(len(data) - (3 if method == "zstd" else 0)):
        with pytest.raises(ApkError):
            read(data[:size])


@pytest.mark.parametrize("size", [0x3FFFFFFF, 64 << 20, 4096, 3, 0])
def test_a_size_of_the_first_block_that_is_not_there(size: int) -> None:
    data = HEAD + struct.pack("<I", size) + b"\0" * 100
    with pytest.raises((Truncated, TooLarge, Damaged)):
        read(data)


def test_a_large_block_that_is_not_there_takes_no_memory() -> None:
    values = tree_values(one_folder(b"etc", lambda writer: huge_file(writer)))
    head = struct.pack("<IIQ", 3 << 30 | DATA, 0, (1 << 40) + 24) + struct.pack("<II", 1, 1)
    tracemalloc.start()
    refused(Truncated, container(values, head + b"x" * 1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def huge_file(writer: Writer) -> int:
    size = writer.integer(1 << 40)
    return writer.words([writer.blob(b"a"), writer.words([INT | 0o644]), size, INT, writer.blob(bytes(32))])


def test_the_head_of_large_blocks_is_not_for_small_ones() -> None:
    values, blocks = parts()
    small = struct.pack("<IIQ", 3 << 30 | DATA, 0, 16 + 11) + struct.pack("<II", 1, 1) + b"one" + bytes(5)
    refused(Damaged, container(values, small, blocks[1]), "large block")


@pytest.mark.parametrize("kind", [3, 4, 0x3FFFFFFF])
def test_unknown_kinds_of_blocks(kind: int) -> None:
    values, blocks = parts()
    odd = struct.pack("<IIQ", 3 << 30 | kind, 0, 1 << 31)
    refused(Damaged, container(values, *blocks) + odd, "not known")


def test_blocks_have_an_order() -> None:
    values, blocks = parts()
    signature = block(SIGNATURE, b"\0\4" + bytes(16) + b"signature")
    adb = block(ADB, values)
    refused(Damaged, container(values, blocks[0], signature, blocks[1]), "a SIG block stands after DATA")
    refused(Damaged, container(values, adb, *blocks), "second ADB")
    refused(Damaged, container(values, blocks[0], adb, blocks[1]), "second ADB")
    refused(Damaged, HEAD + signature + adb, "first block is SIG")
    refused(Damaged, HEAD + blocks[0] + adb, "first block is DATA")


def test_signatures_are_bounded() -> None:
    values, blocks = parts()
    signature = block(SIGNATURE, b"\0\4" + bytes(16) + b"signature")
    assert read(container(values, *[signature] * 64, *blocks)).info.name == "demo"
    refused(TooLarge, container(values, *[signature] * 65, *blocks), "signatures")
    refused(TooLarge, container(values, block(SIGNATURE, bytes(20000)), *blocks), "bytes of a signature")
    refused(Damaged, container(values, block(SIGNATURE, bytes(18)), *blocks), "too short")
    refused(Unsupported, container(values, block(SIGNATURE, b"\1" + bytes(30)), *blocks), "version 1")


def test_padding_is_zero_and_nothing_follows() -> None:
    values, blocks = parts()
    changed = blocks[1][:-1] + b"x"
    assert changed != blocks[1]
    refused(Damaged, container(values, blocks[0], changed), "padding")
    refused(ApkError, container(values, *blocks) + b"x")
    refused(ApkError, container(values, *blocks) + bytes(8))


@pytest.mark.parametrize("method", ["deflate", "zstd"])
def test_nothing_follows_what_is_packed(method: str) -> None:
    out = io.BytesIO()
    pack(io.BytesIO(good()), out, method)
    read(out.getvalue())
    refused(Damaged, out.getvalue() + b"more", "packed data")


def test_what_is_packed_is_no_more_than_the_blocks_say() -> None:
    bomb = io.BytesIO()
    writer = PackedWriter(bomb, Compression.parse("zstd"))
    writer.write(good())
    for _ in range(200):
        writer.write(bytes(1 << 20))
    writer.finish()
    assert len(bomb.getvalue()) < 100_000
    tracemalloc.start()
    refused(ApkError, bomb.getvalue())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("method", ["deflate", "zstd"])
def test_metadata_that_unpack_to_more_than_is_read(method: str) -> None:
    bomb = io.BytesIO()
    writer = PackedWriter(bomb, Compression.parse(method))
    writer.write(HEAD + struct.pack("<I", 0x3FFFFFFF))
    for _ in range(80):
        writer.write(bytes(1 << 20))
    writer.finish()
    refused(TooLarge, bomb.getvalue(), "bytes of metadata")


def test_a_window_of_zstd_that_is_too_large_is_refused() -> None:
    # A frame whose header asks for 2 GiB.
    frame = bytes.fromhex("28b52ffd") + bytes([0x00, (31 - 10) << 3]) + bytes(8)
    refused(Damaged, b"ADBc\x02\x09" + frame, "zstd")


# Values


@pytest.mark.parametrize(
    "root", [0xE0000004, 0xE0000009, 0xEFFFFFFC, 0xE0000000, 0x80000000, 0x10000005, 0x40000000, 0xB0000008, 0, 1]
)
def test_a_root_that_is_no_object(root: int) -> None:
    refused(Damaged, container(struct.pack("<II", 0, root) + bytes(16)))


def test_versions_of_values_that_are_not_known() -> None:
    values, blocks = parts()
    refused(Unsupported, container(b"\1" + values[1:], *blocks), "version 1")
    assert read(container(values[:1] + b"\1" + values[2:], *blocks)).info.name == "demo"


def test_values_without_a_head() -> None:
    refused(Damaged, container(b"\0\0\0"))


@pytest.mark.parametrize("count", [0, 100, 0x10000000, 0xFFFFFFFF])
def test_counts_that_go_beyond_the_end(count: int) -> None:
    refused(
        Damaged, container(struct.pack("<IIII", 0, 0xE0000008, count, 0)), "count" if not count else "beyond the end"
    )


@pytest.mark.parametrize(
    "word",
    [
        0x8FFFFFFF,
        0x9FFFFFFE,
        0xAFFFFFFC,
        0x80000000,
        0x80000007,
        0xA0000004,
        0x10000001,
        0x20000008,
        0xD0000008,
        1,
        2,
        3,
    ],
)
def test_texts_whose_word_leads_nowhere(word: int) -> None:
    refused(Damaged, container(values_of(lambda writer: writer.words([writer.words([word, word])]))))


@pytest.mark.parametrize("word", [0x2FFFFFFC, 0x3FFFFFF8, 0x20000009, 0x30000002, 0x80000008, 0x00000001])
def test_numbers_whose_word_leads_nowhere(word: int) -> None:
    def build(writer: Writer) -> int:
        return writer.words([writer.words([writer.blob(b"demo"), writer.blob(b"1"), *[0] * 8, word])])

    refused(Damaged, container(values_of(build)))


def test_an_object_that_contains_itself() -> None:
    # The object at offset 8 has itself as every field.
    refused(
        Damaged,
        container(
            struct.pack("<II", 0, 0xE0000008) + struct.pack("<II", 6, 0xE0000008) + struct.pack("<I", 0xE0000008) * 4
        ),
    )


def test_directories_that_are_the_array_they_are_in() -> None:
    def build(writer: Writer) -> int:
        info = info_word(writer)
        place = len(writer.data)
        place += -place & 3
        array = OBJECT | place
        return writer.words([info, writer.words([array, array, array])])

    refused(Damaged, container(values_of(build)))


@pytest.mark.parametrize("repeats", [1000, 60000])
def test_lists_that_share_their_elements_take_no_more_time_than_their_bytes(repeats: int) -> None:
    """A million files of a few bytes of values: each folder has the same list, each list the same file."""

    def build(writer: Writer) -> int:
        info = info_word(writer)
        files = writer.words([file_word(writer, b"%06d" % number) for number in range(1000)])
        acl = writer.words([INT | 0o755])
        folders = [writer.words([writer.blob(b"%06d" % number), acl, files]) for number in range(repeats)]
        return writer.words([info, writer.words(folders)])

    data = container(values_of(build))
    if repeats == 1000:
        assert len(read(data).directories) == repeats
    else:
        refused(TooLarge, data, "files and directories")


def test_one_folder_many_times_is_refused() -> None:
    def build(writer: Writer) -> int:
        return writer.words([info_word(writer), writer.words([folder_word(writer, b"etc")] * 200_000)])

    refused(Damaged, container(values_of(build)), "twice")


def test_texts_that_overlap_are_refused() -> None:
    """Each byte is the length of a text of 255 bytes: the more texts, the more bytes, without end."""

    def build(writer: Writer) -> int:
        start = len(writer.data)
        writer.data += b"\xff" * 20_000
        names = [writer.words([0x80000000 | start + number]) for number in range(15_000)]
        return writer.words([writer.words([writer.blob(b"demo"), writer.blob(b"1"), *[0] * 12, writer.words(names)])])

    refused(Damaged, container(values_of(build)))
    overlapping = Values(bytes(8) + b"\xff" * 20_000, "x.apk")
    with pytest.raises(Damaged, match="overlap"):
        for offset in range(8, 15_000):
            overlapping.blob(0x80000000 | offset)


@pytest.mark.parametrize("field", range(9))
def test_metadata_that_are_no_utf_8(field: int) -> None:
    def build(writer: Writer) -> int:
        fields = [writer.blob(b"demo"), writer.blob(b"1"), *[0] * 8]
        if field != 2:
            fields[field] = writer.blob(b"\xff\xfe")
        else:
            fields[14:] = [0] * 4 + [writer.words([writer.words([writer.blob(b"\xff")])])]
        return writer.words([writer.words(fields)])

    refused(Damaged, container(values_of(build)), "UTF-8")


@pytest.mark.parametrize("name", [b"", b"-x", b"a b", b"../x", b"a\nb", b"a/b"])
def test_names_of_packages(name: bytes) -> None:
    refused(
        Damaged,
        container(values_of(lambda writer: writer.words([writer.words([writer.blob(name), writer.blob(b"1")])]))),
    )


@pytest.mark.parametrize("version", [b"", b"x", b"1+dfsg", b"1\n2"])
def test_versions_of_packages(version: bytes) -> None:
    refused(
        Damaged,
        container(values_of(lambda writer: writer.words([writer.words([writer.blob(b"a"), writer.blob(version)])]))),
    )


def test_a_text_with_a_newline_would_forge_lines_of_a_database() -> None:
    def build(writer: Writer) -> int:
        return writer.words([writer.words([writer.blob(b"a"), writer.blob(b"1"), 0, writer.blob(b"x\nF:etc")])])

    refused(Damaged, container(values_of(build)), "newline")


# The tree

BAD_NAMES = [b"", b".", b"..", b"a/b", b"/a", b"a\nb", b"a\0b", b"/", b"x" * 256]
BAD_PATHS = [
    b"/etc",
    b"etc/",
    b"..",
    b"../etc",
    b"etc/..",
    b"etc/../..",
    b"a//b",
    b".",
    b"./a",
    b"a/./b",
    b"a\nb",
    b"a\0b",
    b"a/" * 2100 + b"a",
    b"a/" * 256 + b"a",
    b"/".join([b"x" * 250] * 17),
    "/".join(["\u00e9" * 100] * 21).encode(),
    b"/",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_of_files_that_leave_or_deceive(name: bytes) -> None:
    refused(HostileName, container(tree_values(one_folder(b"etc", lambda writer: file_word(writer, name)))))


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_of_directories_that_leave_or_deceive(path: bytes) -> None:
    refused(HostileName, container(tree_values(one_folder(path))))


def test_a_path_that_is_too_long_only_with_its_name() -> None:
    folder = b"/".join([b"x" * 255] * 15)
    read(container(tree_values(one_folder(folder, lambda writer: file_word(writer, b"x" * 255)))))
    folder += b"/" + b"y" * 100
    refused(
        HostileName, container(tree_values(one_folder(folder, lambda writer: file_word(writer, b"x" * 255)))), "4095"
    )


def test_a_link_and_then_a_file_below_it() -> None:
    def build(writer: Writer) -> int:
        link = folder_word(writer, b"", lambda writer: file_word(writer, b"etc", target=b"\x00\xa0/tmp", digest=b""))
        return writer.words([link, folder_word(writer, b"etc/x", lambda writer: file_word(writer, b"a"))])

    refused(HostileName, container(tree_values(build)), "something else at once")


def test_a_link_and_a_directory_of_the_same_path() -> None:
    def build(writer: Writer) -> int:
        link = folder_word(writer, b"", lambda writer: file_word(writer, b"etc", target=b"\x00\xa0/tmp", digest=b""))
        return writer.words([link, folder_word(writer, b"etc")])

    refused(HostileName, container(tree_values(build)), "something else at once")


def test_a_file_twice_or_out_of_order() -> None:
    for names in ((b"a", b"a"), (b"b", b"a")):
        files = [lambda writer, name=name: file_word(writer, name) for name in names]
        refused(Damaged, container(tree_values(one_folder(b"etc", *files))), "sorted")


def test_directories_out_of_order() -> None:
    refused(
        Damaged,
        container(tree_values(lambda writer: writer.words([folder_word(writer, b"b"), folder_word(writer, b"a")]))),
        "wrong place",
    )


@pytest.mark.parametrize(
    "target", [b"\x00\xa0", b"\x00", b"\x00\x10x", b"\x00\x40etc", b"\x00\x60" + bytes(7), b"\xff\xffabc"]
)
def test_targets_of_no_kind(target: bytes) -> None:
    refused(Damaged, container(tree_values(one_folder(b"etc", lambda writer: file_word(writer, b"a", target=target)))))


def test_a_link_to_a_name_with_a_newline() -> None:
    refused(
        HostileName,
        container(tree_values(one_folder(b"etc", lambda writer: file_word(writer, b"a", target=b"\x00\xa0a\nb")))),
    )


@pytest.mark.parametrize("target", [b"etc/passwd", b"../etc/passwd", b"/etc/passwd"])
def test_a_hard_link_to_what_the_package_does_not_have(target: bytes) -> None:
    refused(
        HostileName,
        container(tree_values(one_folder(b"x", lambda writer: file_word(writer, b"a", target=b"\x00\x80" + target)))),
        "no such file",
    )


LINKS = ((b"a", b"\x00\x80etc/b"), (b"b", b""))


def test_a_hard_link_before_its_file() -> None:
    def build(writer: Writer) -> int:
        files = [
            lambda writer, name=name, target=target: file_word(writer, name, target=target) for name, target in LINKS
        ]
        return writer.words([folder_word(writer, b"etc", *files)])

    refused(HostileName, container(tree_values(build)), "no such file before it")


@pytest.mark.parametrize("digest", [b"", b"x" * 31, b"x" * 33])
def test_a_file_without_a_whole_hash(digest: bytes) -> None:
    values = tree_values(
        one_folder(
            b"etc",
            lambda writer: file_word(writer, b"a", digest=digest) if digest else writer.words([writer.blob(b"a")]),
        )
    )
    refused(Damaged, container(values), "SHA-256")


def test_modes_beyond_permissions() -> None:
    def build(writer: Writer) -> int:
        return writer.words([writer.words([writer.blob(b"etc"), writer.words([INT | 0o170644])])])

    refused(Damaged, container(tree_values(build)), "mode")


@pytest.mark.parametrize("xattr", [b"noname", b"\0value", b""])
def test_attributes_without_a_name(xattr: bytes) -> None:
    def build(writer: Writer) -> int:
        xattrs = writer.words([writer.blob(xattr), writer.blob(b"user.x\0y")], ARRAY)
        return writer.words([writer.words([writer.blob(b"etc"), writer.words([INT | 0o755, 0, 0, xattrs])])])

    refused(Damaged, container(tree_values(build)), "attribute")


# Contents


def test_contents_in_another_order() -> None:
    values, (first, second) = parts()
    refused(BadContent, container(values, second, first), "is missing")


def test_too_few_and_too_many_contents() -> None:
    values, (first, second) = parts()
    refused(BadContent, container(values, first), "is missing")
    refused(BadContent, container(values), "is missing")
    refused(BadContent, container(values, second), "is missing")
    refused(Damaged, container(values, first, second, second), "more blocks")
    refused(BadContent, container(values, first, first, second))


@pytest.mark.parametrize("content", [b"", b"on", b"ones"])
def test_contents_of_another_size(content: bytes) -> None:
    values, (_, second) = parts()
    refused(BadContent, container(values, data_block(1, 1, content), second), "bytes")


def test_contents_of_another_hash() -> None:
    values, (_, second) = parts()
    refused(BadContent, container(values, data_block(1, 1, b"two"), second), "SHA-256")


def test_a_content_without_its_place() -> None:
    values, blocks = parts()
    refused(Damaged, container(values, block(DATA, b"abc"), *blocks), "number of its file")


def test_pieces_that_nobody_takes_are_checked() -> None:
    values, (_, second) = parts()
    reader = read_package(io.BytesIO(container(values, data_block(1, 1, b"two"), second)))
    with pytest.raises(BadContent):
        for _ in reader.contents():
            pass


def test_a_package_with_one_bad_name_gives_nothing_at_all() -> None:
    values = tree_values(one_folder(b"etc", lambda writer: file_word(writer, b"..", b"x")))
    with pytest.raises(HostileName):
        read_package(io.BytesIO(container(values, data_block(1, 1, b"x"))))


# Any bytes


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changed_bytes_give_a_package_or_a_named_error(data: st.DataObject) -> None:
    original = bytearray(good())
    for _ in range(data.draw(st.integers(1, 4))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(original))
    except ApkError as error:
        assert error.code.startswith("P0")
    for reads in (index_entry, read_index):
        with suppress(ApkError):
            reads(io.BytesIO(bytes(original)))


@given(st.binary(max_size=200))
def test_any_bytes_as_values(data: bytes) -> None:
    for schema in (b"pckg", b"indx"):
        try:
            (read_package if schema == b"pckg" else read_index)(io.BytesIO(container(data, schema=schema)))
        except ApkError as error:
            assert error.code.startswith("P0")


@given(st.binary(max_size=100), st.sampled_from([b"ADBd", b"ADBc\x01\x09", b"ADBc\x02\x09"]))
def test_any_bytes_as_packed_data(data: bytes, magic: bytes) -> None:
    with pytest.raises(ApkError):
        read(magic + data)


def test_deflate_of_something_else() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    refused(NotApk, b"ADBd" + packer.compress(b"hello there") + packer.flush())


# What cannot be written


@pytest.mark.parametrize("name", ["..", "", "a/b", "a\nb"])
def test_a_writer_refuses_names_that_a_reader_refuses(name: str) -> None:
    package = Package(Info("demo", "1"), (Directory("etc", ACL, (File(name, ACL, 0, 0, bytes(32)),)),))
    with pytest.raises(HostileName):
        write_package(io.BytesIO(), package, opener({}))


@pytest.mark.parametrize("change", [b"on", b"ones", b"two"])
def test_a_content_that_changed_since_it_was_hashed(change: bytes) -> None:
    package, contents = two_files()
    with pytest.raises(BadContent):
        write_package(io.BytesIO(), package, opener({**contents, "etc/a": change}))


@pytest.mark.parametrize("size", [(1 << 16) + 1, 1 << 20])
def test_a_large_content_that_changed(size: int) -> None:
    data = os.urandom(size)
    file = File("a", ACL, size, 0, hashlib.sha256(data).digest())
    package = Package(Info("demo", "1"), (Directory("etc", ACL, (file,)),))
    out = io.BytesIO()
    write_package(out, package, opener({"etc/a": data}))
    read(out.getvalue())
    for changed in (data[:-1], data + b"x", data[:-1] + bytes([data[-1] ^ 1])):
        with pytest.raises(BadContent):
            write_package(io.BytesIO(), package, opener({"etc/a": changed}))


@pytest.mark.parametrize(
    "file",
    [
        File("a", ACL, -1, 0, bytes(32)),
        File("a", ACL, 0, -1, bytes(32)),
        File("a", ACL, 0, 0, b"short"),
        File("a", Acl(0o100644), 0, 0, bytes(32)),
        File("a", ACL, 0, 0, link_target=""),
        File("a", ACL, 0, 0, link_target="x", device=contents_.Device("fifo")),
        File("a", ACL, 0, 0, device=contents_.Device("socket")),
        File("a", Acl(0o644, "\udcff"), 0, 0, bytes(32)),
    ],
)
def test_files_that_cannot_be_written(file: File) -> None:
    with pytest.raises(BadValue):
        write_package(io.BytesIO(), Package(Info("demo", "1"), (Directory("etc", ACL, (file,)),)), opener({}))


@pytest.mark.parametrize(
    "info",
    [
        {"description": "\udcff"},
        {"build_time": -1},
        {"provider_priority": 1 << 64},
        {"tags": ("a b",)},
        {"name": "a b"},
        {"version": "x"},
    ],
)
def test_metadata_that_cannot_be_written(info: dict[str, object]) -> None:
    with pytest.raises(ApkError):
        write_package(io.BytesIO(), Package(replace(Info("demo", "1"), **info)), opener({}))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "zip", "deflate:0", "deflate:10", "zstd:23", "none:1", "zstd:-1", "zstd:"])
def test_compressions_that_there_are_not(text: str) -> None:
    with pytest.raises(BadValue):
        write_package(io.BytesIO(), Package(Info("demo", "1")), opener({}), compression=text)
