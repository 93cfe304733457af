"""Versions are ordered as the client orders them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.apk.errors import BadVersion
from chx.apk.versions import Version, compare, is_valid, matches_fuzzily, parse

ASCENDING = [
    "0.1_alpha1",
    "1_alpha",
    "1_alpha1",
    "1_beta",
    "1_pre2",
    "1_rc1",
    "1_rc2",
    "1",
    "1-r0",
    "1-r1",
    "1-r10",
    "1~ab",
    "1~ac",
    "1_cvs",
    "1_svn",
    "1_git",
    "1_git20200814",
    "1_hg",
    "1_p",
    "1_p0",
    "1_p1",
    "1_p1_p2",
    "1a",
    "1b",
    "1.0",
    "1.01",
    "1.1",
    "1.2",
    "1.10",
    "1.10.1",
    "2",
    "10",
    "20200814",
]


def test_the_order_of_a_list() -> None:
    for index, left in enumerate(ASCENDING):
        for right in ASCENDING[index + 1 :]:
            assert compare(left, right) == -1, (left, right)
            assert compare(right, left) == 1, (left, right)
        assert compare(left, left) == 0


@pytest.mark.parametrize(("left", "right"), [("01", "1"), ("1-r01", "1-r1"), ("1_rc01", "1_rc1")])
def test_leading_zeros_count_only_after_a_dot(left: str, right: str) -> None:
    assert compare(left, right) == 0
    assert compare("1." + left[0], "1." + left[0]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "0.9.27-20200814",
        "5.2.15+dfsg",
        "",
        ".1",
        "1.",
        "1..2",
        "v1",
        "1.2A",
        "1ab",
        "1_foo",
        "1_",
        "1-r",
        "1-r1-r2",
        "1~",
        "1~xyz",
        "1-r1~ab",
        "1 ",
        "1\n",
        "٣",
        "1.٣",
        "1" * 257,
        "1" * 100000,
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_valid(text)
    with pytest.raises(BadVersion) as caught:
        compare("1", text)
    assert caught.value.code == "P001"


@pytest.mark.parametrize("text", ["0.9.27_git20200814", "1.2.3a_rc1_p2~0a9f-r12", "1", "0", "1" * 256])
def test_what_is_a_version(text: str) -> None:
    assert is_valid(text)
    assert str(parse(text)) == text


@pytest.mark.parametrize("version", ["1.2", "1.2.3", "1.2-r0", "1.2a", "1.2_rc1", "1.2~ab", "1.2.3_p1-r4"])
def test_a_fuzzy_version_accepts_what_begins_with_its_parts(version: str) -> None:
    assert matches_fuzzily(version, "1.2")


@pytest.mark.parametrize("version", ["1", "1.20", "1.3", "11.2", "1.02", "2.1.2"])
def test_a_fuzzy_version_does_not_accept_what_begins_otherwise(version: str) -> None:
    assert not matches_fuzzily(version, "1.2")


DIGITS = st.text("0123456789", min_size=1, max_size=4)
SUFFIX = st.tuples(
    st.sampled_from(["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"]), st.one_of(st.just(""), DIGITS)
)
VERSIONS = st.builds(
    lambda numbers, letter, suffixes, hash_, revision: (
        ".".join(numbers)
        + letter
        + "".join([f"_{name}{number}" for name, number in suffixes])
        + (f"~{hash_}" if hash_ else "")
        + (f"-r{revision}" if revision else "")
    ),
    st.lists(DIGITS, min_size=1, max_size=3),
    st.sampled_from(["", "a", "b", "z"]),
    st.lists(SUFFIX, max_size=2),
    st.text("0123456789abcdef", max_size=3),
    st.one_of(st.just(""), DIGITS),
)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(a: str, b: str, c: str) -> None:
    assert compare(a, b) == -compare(b, a)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0
    assert (compare(a, b) == 0) == (parse(a) == parse(b))
    assert sorted([parse(c), parse(a), parse(b)]) == sorted([parse(a), parse(b), parse(c)])


def by_definition(left: str, right: str) -> int:
    """The rules of the manual, part by part, without keys."""
    kinds = ["first", "further", "letter", "suffix", "suffix-number", "hash", "revision", "end"]
    suffixes = ["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"]

    def parts(text: str) -> list[tuple[str, str]]:
        import re

        found = []
        for match in re.finditer(
            r"(^[0-9]+)|\.([0-9]+)|(?<=[0-9])([a-z])(?=$|[_~-])|_([a-z]+)|(?<=[a-z])([0-9]+)|~([0-9a-f]+)|-r([0-9]+)",
            text,
        ):
            number = next(index for index, group in enumerate(match.groups()) if group is not None)
            found.append((kinds[number], match.group(number + 1)))
        return [*found, ("end", "")]

    for (kind, mine), (other_kind, other) in zip(parts(left), parts(right)):
        if kind != other_kind:
            for sign, (one, text) in ((-1, (kind, mine)), (1, (other_kind, other))):
                if one == "suffix" and text in suffixes[:4]:
                    return sign
            return -1 if kinds.index(kind) > kinds.index(other_kind) else 1
        as_text = kind in ("letter", "hash") or (kind == "further" and "0" in (mine[0], other[0]))
        if kind == "suffix":
            a, b = suffixes.index(mine), suffixes.index(other)
        elif kind == "end":
            return 0
        else:
            a, b = (mine, other) if as_text else (int(mine), int(other))  # type: ignore[assignment]
        if a != b:
            return -1 if a < b else 1
    return 0


@given(VERSIONS, VERSIONS)
def test_the_order_is_that_of_the_rules(a: str, b: str) -> None:
    assert compare(a, b) == by_definition(a, b)


def test_a_version_is_a_value() -> None:
    assert isinstance(parse("1"), Version)
    assert max(parse("1.9"), parse("1.10"), key=lambda version: version).text == "1.10"
