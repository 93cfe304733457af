"""Texts and what the parser makes of them; the expectations are Nix's."""

from __future__ import annotations

import re

import pytest

from chx.lang import ParseError, Source, parse, show

from ..peer import Peer
from .cases import Case, read_cases

PREFIX = "with {}; "
PRINTED_PREFIX = "(with { }; "
HOME = "/home/u"

# Where the place differs from Nix's on purpose: ours is the offending token itself.
OTHER_PLACES = {"{ inherit ${x}; }": "1:13", "/a/": "1:3"}


def source(text: str) -> Source:
    return Source("FILE", text.encode().decode("latin-1"), "/")


def printed(text: str) -> str:
    shown = show(parse(source(f"{PREFIX}{text}\n")), "/", HOME)
    return shown.encode("latin-1").decode()[len(PRINTED_PREFIX) : -1]


@pytest.mark.parametrize("case", read_cases("printed.txt"), ids=lambda case: case.text)
def test_a_text_prints_as_its_tree(case: Case) -> None:
    assert printed(case.text) == case.expected


# Nix prints interpolation as a sum; and a position, the root and large floats as what is no expression.
STABLE = [
    case
    for case in read_cases("printed.txt")
    if not re.search(r"\$\{|''|__curPos", case.text) and not re.fullmatch(r"/|.*e\+.*", case.expected)
]


@pytest.mark.parametrize("case", STABLE, ids=lambda case: case.text)
def test_what_is_printed_means_the_same(case: Case) -> None:
    assert show(parse(source(case.expected)), "/", HOME).encode("latin-1").decode() == case.expected


@pytest.mark.parametrize("case", read_cases("refused.txt"), ids=lambda case: case.text)
def test_a_text_is_refused_at_its_place(case: Case) -> None:
    with pytest.raises(ParseError) as caught:
        parse(source(case.text + "\n"))
    error = caught.value
    label = error.labels[0]
    place = label.source.place(label.span.start)
    # The rest of a message speaks of what was expected, for which Nix has a list of its own.
    assert error.message.split("\n")[0].encode("latin-1").decode() == case.expected
    assert f"{place.line}:{place.column}" == OTHER_PLACES.get(case.text, case.word)
    assert label.span.end >= label.span.start


@pytest.mark.parametrize("depth", [10_000])
@pytest.mark.parametrize(
    "build",
    [
        lambda n: "(" * n + "1" + ")" * n,
        lambda n: "[" * n + "]" * n,
        lambda n: "x: " * n + "x",
        lambda n: "1" + " + 1" * n,
        lambda n: "[ ]" + " ++ [ ]" * n,
        lambda n: "{ a = " * n + "1" + "; }" * n,
        lambda n: '"${' * n + "1" + '}"' * n,
    ],
)
def test_depth_is_no_obstacle(build, depth: int) -> None:  # type: ignore[no-untyped-def]
    assert show(parse(source(build(depth))), "/", HOME)


@pytest.mark.peer
def test_nix_prints_the_same(peer: Peer) -> None:
    for case in read_cases("printed.txt"):
        answer = peer.answer("--parse", "-", input=f"{PREFIX}{case.text}\n")
        assert answer.output.rstrip("\n")[len(PRINTED_PREFIX) : -1] == case.expected, case.text
