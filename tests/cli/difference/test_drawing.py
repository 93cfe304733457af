"""What differences look like."""

from __future__ import annotations

import io

import pytest

from chx.cli.render.attributes import draw_attribute
from chx.cli.render.files import draw_content, draw_file
from chx.cli.render.page import Page, growth, printable, sizes
from chx.cli.render.style import Style
from chx.store import Entry
from chx.store.difference import (
    ArchiveChange,
    AttributeChange,
    BinaryChange,
    ElfChange,
    FileChange,
    MemberChange,
    PackedChange,
    PartChange,
    TextChange,
)


def page(is_full: bool = False) -> Page:
    return Page(Style(io.StringIO()), is_full)


def content(change, is_full: bool = False) -> list[str]:
    drawn = page(is_full)
    draw_content(drawn, "file", change, 0)
    return drawn.lines


def attribute(before: str | None, after: str | None, name: str = "env.flags") -> list[str]:
    drawn = page()
    draw_attribute(drawn, AttributeChange(name, before, after), 0)
    return drawn.lines


def test_sizes_have_signs() -> None:
    assert (growth(1500), growth(-4), growth(0)) == ("+1.5 kB", "-4 B", "+0 B")
    assert sizes(3, 3) == "3 B, as before"
    assert sizes(3, 5) == "3 B -> 5 B (+2 B)"


def test_control_characters_are_written_out_and_other_bytes_kept() -> None:
    assert printable("a\x1b[2J\x07\tä\udcff") == "a\\x1b[2J\\x07\tä\udcff"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, Entry("p", "f", b"", 3), "+ p (file, 3 B)"),
        (Entry("p", "l", target="t"), None, "- p (link to t)"),
        (Entry("p", "l", target="t"), Entry("p", "l", target="u"), "~ p: t -> u"),
        (Entry("p", "f", b"1", 3), Entry("p", "x", b"1", 3), "~ p: file -> executable"),
        (Entry("p", "f", b"1", 3), Entry("p", "d"), "~ p: file, 3 B -> directory"),
        (Entry("p", "f", b"1", 3), Entry("p", "f", b"2", 3), "~ p: 3 B, as before"),
    ],
)
def test_a_file_takes_a_line(before: Entry | None, after: Entry | None, line: str) -> None:
    drawn = page()
    draw_file(drawn, FileChange("p", before, after), 0)
    assert drawn.lines == [line]


def test_elf_is_drawn_by_sections_and_strings() -> None:
    parts = (PartChange(".text", 4, 5, 3, 16, False), PartChange(".new", None, 2, 2, 0, False))
    assert content(ElfChange(parts, ("before",), ("after\tall",), 9, 1)) == [
        "~ file: ELF, 2 sections differ",
        "  .text  4 B -> 5 B (+1 B), 3 bytes differ, the first at 0x10",
        "  + .new   2 B",
        '  - "before"',
        '  + "after\\tall"',
    ]
    assert content(ElfChange((), (), (), 1, 24)) == [
        "~ file: ELF, no section differs, but headers or padding do: 1 byte, the first at 0x18"
    ]


def test_archives_are_drawn_by_members() -> None:
    members = (
        MemberChange("gone.o", 3, None, False, None),
        MemberChange("a.o", 3, 3, True, TextChange(("@@ -1 +1 @@", "-a", "+b"), 1, 1)),
    )
    assert content(ArchiveChange(members, True)) == [
        "~ file: archive, 2 members differ, in another order",
        "  - gone.o (3 B)",
        "  ~ a.o: another time, owner or mode",
        "  ~ a.o:",
        "    @@ -1 +1 @@",
        "    -a",
        "    +b",
    ]


def test_other_bytes_are_drawn_as_a_dump() -> None:
    assert content(BinaryChange(3, 3, 1, 1, 0, b"a\0b", b"a\1b")) == [
        "~ file: 3 B, as before, 1 byte differs, the first at 0x1",
        f"  - 00000000  {'61 00 62':<47}  a.b",
        f"  + 00000000  {'61 01 62':<47}  a.b",
    ]


def test_long_diffs_are_cut_unless_all_is_asked_for() -> None:
    change = TextChange(tuple(f"+{number}" for number in range(100)), 0, 100)
    assert content(change)[-1] == "  ... 80 more"
    assert len(content(change, is_full=True)) == 101


def test_short_attributes_stand_side_by_side_and_long_ones_by_words() -> None:
    assert attribute("-O1", "-O2") == ['~ flags: "-O1" -> "-O2"']
    assert attribute(None, "a\nb") == ['+ flags = "a\\nb"']
    words = " ".join(f"--with-{number}" for number in range(9))
    assert "  +--more" in attribute(words, words + " --more")


def test_scripts_are_drawn_by_lines_and_json_by_its_parts() -> None:
    assert attribute("a\nb\nc\nd", "a\nb\nx\nd", "args[1]")[1:] == ["  @@ -2,3 +2,3 @@", "   b", "  -c", "  +x", "   d"]
    one, other = (f'[{{"content": "first\\n{text}\\n", "path": "a-long-name-of-a-file"}}]' for text in ("old", "new"))
    assert "  -old" in attribute(one, other, "env.entries") and "  +new" in attribute(one, other, "env.entries")


def test_another_order_of_a_rootfs_is_said() -> None:
    assert attribute("${a}\n${b}", "${b}\n${a}", "rootfs")[0] == "~ rootfs: another order of the same entries"


def test_compressed_files_and_archives_say_what_they_are() -> None:
    assert content(PackedChange("gzip", None, True)) == ["~ file: gzip, another time; what it holds is equal"]
    assert content(PackedChange("xz", None, False)) == ["~ file: xz, packed otherwise; what it holds is equal"]
    inner = ArchiveChange((MemberChange("a", 1, 1, True, None, True),), False, "tar")
    assert content(PackedChange("gzip", inner, False)) == [
        "~ file: in gzip: tar archive, 1 member differs",
        "  ~ a: another time, owner or mode",
    ]


def test_symbols_are_named() -> None:
    section = PartChange(".text", 4, 4, 1, 0, False)
    names = tuple(f"f{number}" for number in range(10))
    change = ElfChange((section,), (), (), 1, 0, ("old",), ("new",), names)
    assert content(change)[2:] == [
        "  symbols gone: old",
        "  new symbols: new",
        "  symbols with other content: f0, f1, f2, f3, f4, f5, f6, f7 and 2 more",
    ]


def test_a_long_line_is_cut_around_the_place_that_differs() -> None:
    common = "x" * 2_000_000
    lines = (f"-{common}one", f"+{common}two")
    assert content(TextChange(lines, 1, 1)) == [
        "~ file:",
        f"  -[1999847 characters] ... {common[:153]}one",
        f"  +[1999847 characters] ... {common[:153]}two",
    ]
    middle = ("-" + "a" * 500 + "1" + "b" * 500, "+" + "a" * 500 + "2" + "b" * 500)
    one, other = content(TextChange(middle, 1, 1))[1:]
    assert one == f"  -[448 characters] ... {'a' * 52}1{'b' * 103} ..." and "2" in other and "1" not in other[20:]
    assert content(TextChange(lines, 1, 1), True)[1] == f"  -{common}one"
    # At the beginning, in a line without a counterpart, and of unequal length.
    assert content(TextChange(("-1" + "b" * 500, "+2" + "b" * 500), 1, 1))[1] == f"  -1{'b' * 155} ..."
    assert content(TextChange(("+" + "b" * 500,), 0, 1))[1] == f"  +{'b' * 156} ..."
    assert content(TextChange(("-" + common, f"+{common}more"), 1, 1))[2].endswith("xmore")


def test_each_line_of_a_group_is_cut_by_its_counterpart() -> None:
    one, other = "a" * 1000, "b" * 1000
    lines = ("@@ -1,2 +1,2 @@", f"-{one}1", f"-{other}1", f"+{one}2", f"+{other}2", f" {one}")
    drawn = content(TextChange(lines, 2, 2))
    assert [line[-1] for line in drawn[2:6]] == ["1", "1", "2", "2"] and drawn[6].endswith("a ...")


def test_long_strings_are_cut_where_they_differ() -> None:
    part = PartChange(".rodata", 4, 4, 1, 0, False)
    text = "s" * 300
    drawn = content(ElfChange((part,), (text + "1", "short!"), (text + "2",), 1, 0))
    assert drawn[2].endswith('s1"') and drawn[4].endswith('s2"') and "characters] ... " in drawn[2]
    assert len(drawn[2]) < 140


def test_bytes_of_data_are_drawn_by_rows_that_differ() -> None:
    before, after = bytes(16) + b"the answer is 42", bytes(16) + b"the answer is 43"
    part = PartChange(".rodata", 64, 64, 1, 31, False, 16, before, after)
    assert content(ElfChange((part,), (), (), 1, 31))[1:] == [
        "  .rodata  64 B, as before, 1 byte differs, the first at 0x1f",
        "    - 00000020  74 68 65 20 61 6e 73 77 65 72 20 69 73 20 34 32  the answer is 42",
        "    + 00000020  74 68 65 20 61 6e 73 77 65 72 20 69 73 20 34 33  the answer is 43",
    ]


def test_the_beginning_of_a_report_has_few_and_short_lines() -> None:
    from chx.cli.diffoscope import MOST_BYTES, MOST_LINES, Beginning

    lines = [b"line %d\n" % number for number in range(MOST_LINES)]
    whole = Beginning(lines)
    assert b"".join(whole) == b"".join(lines) and not whole.is_cut
    text = b"".join([*lines, b"more\n"])
    for size in (1, 7, 1 << 16):
        cut = Beginning(text[start : start + size] for start in range(0, len(text), size))
        assert b"".join(cut) == b"".join(lines) and cut.is_cut
    long = Beginning(iter([b"x" * MOST_BYTES, b"y" * (1 << 20), b"\nend\n"]))
    assert b"".join(long) == b"x" * MOST_BYTES + b"\nend\n"
    assert b"".join(Beginning(iter([b"\x1b[31m" + b"x" * 2000 + b"\n"]))).endswith(b" ...\x1b[0m\n")

    def endless():  # type: ignore[no-untyped-def]
        while True:
            yield b"again\n"

    assert len(b"".join(Beginning(endless()))) == 6 * MOST_LINES
