"""Reading a text takes time that grows with its length, not with the square of it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from chx.lang import ParseError, Source, operators, parse, runs
from chx.lang import build as actions
from chx.lang.diagnosis import diagnose
from chx.lang.lexer import ENDING, Kinds
from chx.lang.parse_table import load_table
from chx.lang.patterns import pattern

TOKEN = pattern("token")
PIECES = [
    "a",
    "b1",
    "_",
    ".",
    "-",
    "+",
    "/",
    ":",
    "~",
    "$",
    "${",
    "}",
    '"',
    "''",
    " ",
    "1",
    "1.5",
    "//",
    "->",
    "%",
    "é",
    "<",
    ">",
    "e",
    ";",
]


def spans(matches: itertools.chain | object) -> list[tuple[int, int, int]]:
    found = []
    for match in matches:  # type: ignore[attr-defined]
        found.append((match.start(), match.end(1), match.end()))
        if not match[1]:
            break
    return found


@pytest.mark.parametrize("short", [1, 3, 100])
def test_tokens_of_long_runs_are_those_of_the_pattern(monkeypatch: pytest.MonkeyPatch, short: int) -> None:
    monkeypatch.setattr(runs, "_SHORT", short)
    picked = random.Random(short)
    texts = ["".join(picked.choices(PIECES[: picked.choice((8, 25))], k=picked.randint(1, 40))) for _ in range(5000)]
    texts += [file.read_text("latin-1") for file in sorted((Path(__file__).parents[2] / "pkgs").rglob("*.nix"))]
    for text in texts:
        text += ENDING
        start = picked.choice((0, 0, min(5, len(text) - 1)))
        assert spans(runs._Runs(TOKEN).tokens(text, start)) == spans(TOKEN.finditer(text, start)), text


@pytest.mark.parametrize(
    "piece",
    [".a", "-", "-a", "+", "1.", "._", "a.", ".a_b", "'a.", "a:", "a:b.", "a./b"],
    ids=lambda piece: piece.replace("/", "|"),
)
@pytest.mark.parametrize("last", ["", "/b", "/", ":b", ":", "_a:b", "_/${x}"], ids=range(7))
def test_no_character_is_looked_at_often(piece: str, last: str) -> None:
    text = "a" + piece * 5000 + last + ENDING
    reader = runs._Runs(TOKEN)
    spans(reader.tokens(text, 0))
    assert reader.looked_at <= 3 * len(text)
    assert runs.tokens_of("x = " + "a" * 999 + " b" + ENDING, TOKEN) == TOKEN.finditer


def test_an_interpolation_more_does_not_copy_those_before() -> None:
    parts = ["x"] * 100
    assert actions.middle([(0, parts, 0), (0, "expr", 0), (0, "}", 0), (0, "text${", 0)], 0) is parts
    assert parts[-2:] == ["expr", "text"]


def test_a_call_of_many_arguments_is_nested_and_in_order() -> None:
    tree = parse(Source("FILE", "x: x" + "".join(f" {number}" for number in range(10_500)), "/"))
    node = tree.body  # type: ignore[attr-defined]
    found: list[int] = []
    while type(node).__name__ == "Apply":
        assert len(node.arguments) <= operators.MOST_ARGUMENTS
        found[:0] = [argument.value for argument in node.arguments]
        node = node.function
    assert found == list(range(10_500))


TEXTS = {
    "select": lambda n: "x: x" + ".a" * n,
    "negate": lambda n: "-" * n + "1",
    "apply": lambda n: "x: x" + " x" * n,
    "concat": lambda n: "x: x" + " ++ x" * n,
    "lists": lambda n: "[ " * n + "]" * n,
    "sets": lambda n: "{ a = " * n + "1" + "; }" * n,
    "path of a set": lambda n: "{ " + "a." * n + "b = 1; }",
    "string": lambda n: 'x: "' + "${x}" * n + '"',
    "indented string": lambda n: "x: ''" + "${x}" * n + "''",
    "open lists": lambda n: "[ " * n,
    "open sets": lambda n: "{ a = " * n,
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_of_many_tokens_is_read_in_steps_as_many(kind: str) -> None:
    """Counted in lines that Python executes: ten times the text may take twenty times as many."""
    import sys

    def steps(size: int) -> int:
        count = 0

        def line(frame, event, argument):  # type: ignore[no-untyped-def]
            nonlocal count
            count += 1
            return line

        source = Source("FILE", TEXTS[kind](size), "/")
        sys.settrace(line)
        try:
            parse(source)
        except (ParseError, RecursionError):
            pass
        finally:
            sys.settrace(None)
        return count

    assert steps(2000) < 20 * steps(200) + 2000
    try:
        parse(Source("FILE", TEXTS[kind](20_000), "/"))
    except ParseError as error:
        assert kind.startswith("open"), error
        assert error.labels


def test_a_text_that_nothing_closes_is_explained() -> None:
    for text in ("{ a = " * 5_000, "let a = " * 5_000):
        error = diagnose(text, Kinds(load_table()["fast"]["terminals"]))
        assert error is not None and "unexpected end of file" in error.message
