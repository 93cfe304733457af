"""Dependencies are read, written and satisfied as the client does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.apk import BadDependency, BadName, Dependency, check_name

from .test_versions import VERSIONS


@pytest.mark.parametrize(
    ("text", "version", "match"),
    [
        ("a", None, 7),
        ("a=1", "1", 1),
        ("a<1", "1", 2),
        ("a<=1", "1", 3),
        ("a>1", "1", 4),
        ("a>=1", "1", 5),
        ("a~1", "1", 9),
        ("a>~1", "1", 13),
        ("a<~1", "1", 11),
        ("a><Q1AAAA", "Q1AAAA", 6),
        ("!a", None, 23),
        ("!a<1", "1", 18),
        ("!a=1", "1", 17),
        ("so:libc.so", None, 7),
        ("/bin/sh", None, 7),
        ("cmd:[=1", "1", 1),
    ],
)
def test_texts_and_what_they_mean(text: str, version: str | None, match: int) -> None:
    found = Dependency.parse(text)
    assert (found.version, found.match) == (version, match)
    assert str(found) == text


def test_other_spellings_of_fuzzy() -> None:
    assert Dependency.parse("a~=1") == Dependency.parse("a=~1") == Dependency.parse("a~1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "=1",
        "a=",
        "a==1",
        "a=<1",
        "a>",
        "a b",
        "a\n",
        "a=1\n",
        "a=1.2+dfsg",
        "a=Q1AAAA",
        "a><1",
        "!!a",
        "ä",
        "a(1)",
        "a" * 5000,
        "a=" + "1" * 5000,
    ],
)
def test_what_is_no_dependency_is_refused(text: str) -> None:
    with pytest.raises(BadDependency) as caught:
        Dependency.parse(text)
    assert caught.value.code == "P003"
    assert len(caught.value.message) < 600


@pytest.mark.parametrize(
    ("name", "version", "match"),
    [("a", None, 1), ("a", None, 0), ("a", "1", 7), ("a", "1", 0), ("a", "1", 33), ("a", "1", 8)],
)
def test_what_has_no_text_cannot_be_made(name: str, version: str | None, match: int) -> None:
    with pytest.raises(BadDependency):
        Dependency(name, version, match)


@pytest.mark.parametrize("name", ["a", "A+b", "0ad", "gtk+3.0", "lib_x-y.z", "1"])
def test_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "+a", "a b", "a/b", "a\n", "a:b", "..", "é", "a" * 5000])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        check_name(name)


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("a", ["1", "2"], []),
        ("a=1", ["1", "01"], ["1-r0", "2"]),
        ("a<2", ["1", "2_rc1"], ["2", "3"]),
        ("a<=2", ["1", "2"], ["2-r0"]),
        ("a>1.2", ["1.2-r0", "1.10"], ["1.2", "1.2_rc1"]),
        ("a>=1.2", ["1.2", "1.3"], ["1.1"]),
        ("a~1.2", ["1.2.3", "1.2"], ["1.3"]),
        ("a>~1.2", ["1.2.3", "1.2_rc1", "2"], ["1.1"]),
        ("a<~1.2", ["1.2.3", "1.1"], ["1.3"]),
        ("!a", [], ["1"]),
        ("!a<2", ["2", "3"], ["1"]),
        ("a><Q1AAAA", [], ["1"]),
    ],
)
def test_what_satisfies(text: str, yes: list[str], no: list[str]) -> None:
    dependency = Dependency.parse(text)
    assert [version for version in yes + no if dependency.is_satisfied_by(version)] == yes


def test_a_name_that_is_provided_without_a_version_satisfies_only_the_name() -> None:
    assert Dependency.parse("a").is_satisfied_by(None)
    assert not Dependency.parse("a>=1").is_satisfied_by(None)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+,:/\[\]-]{0,8}", fullmatch=True)
MATCHES = st.sampled_from([1, 2, 3, 4, 5, 9, 11, 13])
CONFLICTS = st.sampled_from([0, 16])
DEPENDENCIES = st.one_of(
    st.builds(lambda name, conflict: Dependency(name, None, 7 + conflict), NAMES, CONFLICTS),
    st.builds(
        lambda name, version, match, conflict: Dependency(name, version, match + conflict),
        NAMES,
        VERSIONS,
        MATCHES,
        CONFLICTS,
    ),
    st.builds(lambda name: Dependency(name, "Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 6), NAMES),
)


@given(DEPENDENCIES)
def test_what_is_written_is_read_as_it_was(dependency: Dependency) -> None:
    assert Dependency.parse(str(dependency)) == dependency


@given(NAMES, VERSIONS, VERSIONS, MATCHES)
def test_a_conflict_is_satisfied_by_what_the_dependency_is_not(name: str, wanted: str, found: str, match: int) -> None:
    assert Dependency(name, wanted, match).is_satisfied_by(found) != Dependency(
        name, wanted, match + 16
    ).is_satisfied_by(found)
