"""Which runs of bytes count as strings, and which of them a source accounts for."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.ops.bootstrap.string_evidence import (
    SHORTEST,
    Sources,
    Strings,
    is_spelt_out,
    is_telling,
    mangled_names,
    quoted,
    significant,
)
from chx.store import Digest

TEXT = b"assertion failed in collector"


@pytest.mark.parametrize(
    "text",
    [
        b"GCC: (Debian 12.2.0-14) 12.2.0",
        b"clang version 16.0.6 (15~deb12u1)",
        b"malloc(): largebin double linked list corrupted (nextsize)",
        b"%s: Symbol `%s' causes overflow in R_X86_64_32 relocation",
    ],
)
def test_what_compilers_and_libraries_leave_is_telling(text):
    assert is_telling(text)


@pytest.mark.parametrize(
    "text",
    [
        b"A0B0C0D0E0F0G0H0I0J0K0L0M0N0O0P0",
        b"p p!p\"p$p%p&p'p(p)p*p+p,p-p.p/p0p1p2p3ppqrstpuvw",
        b"8Lb5ezk5l:llp+r,N4{ab}~~12",
    ],
)
def test_tables_and_code_are_not(text):
    assert not is_telling(text)


def test_a_run_that_is_short_does_not_count():
    assert significant(b"\0" + b"word" * (SHORTEST // 4) + b"\0" + b"shorter\0") == {b"word" * (SHORTEST // 4)}


@pytest.mark.parametrize(
    "source",
    [
        b'puts("assertion failed in collector");',
        b", ".join(b"%d" % byte for byte in TEXT),
        b",\n\t".join(b"0x%02X" % byte for byte in TEXT),
    ],
)
def test_a_source_may_spell_a_string_as_text_or_as_numbers(source):
    assert is_spelt_out(TEXT, source)


@pytest.mark.parametrize(
    ("source", "strings"),
    [
        (b'puts("assertion failed in collector");', [b"assertion failed in collector"]),
        (b'puts("assertion failed "\n\t"in collector");', [b"assertion failed in collector"]),
        (b'fprintf(f, "assertion failed in %s\\n\\tat line %d of it", f, 1)', [b"assertion failed in %s", b"at line %d of it"]),
        (b'"a \\"quoted\\" word and a \\\\"', [b'a "quoted" word and a \\']),
        (b'"offset 0x%" PRIx64 " " "and the rest of it"', [b" and the rest of it"]),
        (b'"short", "and another short"', [b"and another short"]),
        (b"'\"'; x = \"the character before is alone\";\n\"the next line is whole\"", [b"the character before is alone", b"the next line is whole"]),
    ],
)  # fmt: skip
def test_what_stands_between_quotes_is_found_at_once(source, strings):
    assert list(quoted(source)) == strings


SOURCE = b"""
#define FEATURE(name) print("{\\"" #name "\\" : ");
FEATURE(cxx_alignof)
#define JOIN(one, other) one##other
JOIN(__, make_signed)
error("a unit at offset 0x%" PRIx64 " is too short");
#define PRIx64 "l" "x"
const char *lx;
template <typename DesiredTypeName> void getTypeName() { puts(__PRETTY_FUNCTION__); }
class AnalysisPass; void error(const char *);
/* No such file or directory: words of a comment. */
"""


@pytest.mark.parametrize(
    ("text", "is_stitched"),
    [
        (b'{"cxx_alignof" : ', True),
        (b"JOIN(__, make_signed)", True),
        (b"a unit at offset 0x%lx is too short", True),
        (b"void getTypeName() [DesiredTypeName = AnalysisPass]", True),
        (b"void getTypeName() [DesiredTypeName = OtherPass]", False),
        (b"_ZN12AnalysisPass11getTypeNameEv", True),
        (b"_ZN9OtherPass11getTypeNameEv", False),
        (b"such directory or such file", False),
        (b"clang version 16.0.6 (15~deb12u1)", False),
    ],
)
def test_macros_and_templates_put_strings_together(text, is_stitched):
    assert (Sources([SOURCE]).concatenated([text]) == {text}) is is_stitched


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (b"_ZN10__cxxabiv116__enum_type_infoD0Ev", {b"__cxxabiv1", b"__enum_type_info"}),
        (b"_ZNKSt20bad_array_new_length4whatEv", {b"bad_array_new_length", b"what"}),
        (b"St7num_getIcSt19istreambuf_iteratorIcSt11char_traitsIcEEE", {b"num_get", b"istreambuf_iterator", b"char_traits"}),
        (b"_ZSt99too_short_to_be_one", set()),
        (b"Stopped by signal 15", set()),
        (b"malloc_consolidate", set()),
    ],
)  # fmt: skip
def test_mangled_names_hold_those_of_a_source(text, names):
    assert mangled_names(text) == names


def test_a_source_may_spell_a_string_as_words_of_32_bits():
    magic = b"OrpheanBeholderScryDoubt"
    words = b", ".join(b"0x%08X" % word for word in struct.unpack(">6I", magic))
    swapped = b"".join(magic[at : at + 4][::-1] for at in range(0, len(magic), 4))
    assert is_spelt_out(swapped, b"static const BF_word magic[] = { " + words + b" };")


def test_quotes_may_be_escaped_in_a_source():
    assert is_spelt_out(b"unknown escape sequence: '\\%c'", rb'error("unknown escape sequence: \'\\%c\'")')


def test_what_is_printable_before_a_string_by_chance_is_left_out():
    assert is_spelt_out(b"@3assertion failed in collector", b'"assertion failed in collector"')


@given(st.binary(min_size=SHORTEST, max_size=40), st.binary(max_size=60))
def test_what_stands_in_a_source_is_spelt_out(text, rest):
    assert is_spelt_out(text, rest + text + rest)


def test_strings_are_shared_with_binaries_and_not_with_texts(store):
    ours = store.add_bytes(b"\0" + TEXT + b"\0", "ours")
    text = store.add_bytes(TEXT, "header")
    binary = store.add_bytes(b"\x7fELF\0" + TEXT + b"\0", "program")
    assert Strings(store).shared([ours], [text]) == {}
    assert Strings(store).shared([ours], [binary]) == {TEXT: (ours, "")}


def test_strings_of_large_objects_are_kept_and_a_damaged_record_does_no_harm(store, tmp_path):
    ours = store.add_bytes(b"\0" + TEXT + b"\0", "ours")
    large = store.add_bytes(b"\x7fELF\0" + TEXT + b"\0" * (1 << 20), "program")
    assert Strings(store).shared([ours], [large]) == {TEXT: (ours, "")}
    records = list((tmp_path / "home" / "cache" / "strings").iterdir())
    assert len(records) == 1
    assert Strings(store).shared([ours], [large]) == {TEXT: (ours, "")}
    for record in records:
        record.write_bytes(b"")
    assert Strings(store).shared([ours], [large]) == {TEXT: (ours, "")}


def test_what_is_signed_trusts_no_record(store, tmp_path):
    ours = store.add_bytes(b"\0" + TEXT + b"\0", "ours")
    large = store.add_bytes(b"\x7fELF\0" + TEXT + b"\0" * (1 << 20), "program")
    assert Strings(store).shared([ours], [large]) == {TEXT: (ours, "")}
    for record in (tmp_path / "home" / "cache" / "strings").iterdir():
        record.write_bytes(str(Digest.of(b"nothing")).encode() + b"\nnothing")
    assert Strings(store).shared([ours], [large]) == {}
    assert Strings(store, trusts_cache=False).shared([ours], [large]) == {TEXT: (ours, "")}
