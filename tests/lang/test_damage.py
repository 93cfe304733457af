"""Whatever is done to a text, the parser answers with a tree or with a ParseError that has a place."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chx.lang import ParseError, Source, parse, show

CORPUS = [path.read_bytes().decode("latin-1") for path in sorted((Path(__file__).parent / "corpus").glob("*.nix"))]
SNIPPETS = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "''",
    '"',
    "${",
    ";",
    "=",
    ".",
    "?",
    ":",
    "@",
    "/",
    "or",
    "in",
    "\\",
    "\0",
    "é",
    "/*",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CORPUS), st.data())
def test_a_damaged_text_is_answered(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        upto = min(len(text), at + data.draw(st.integers(0, 12)))
        text = text[:at] + data.draw(st.sampled_from(["", *SNIPPETS])) + text[upto:]
    source = Source("FILE", text.encode().decode("latin-1"), "/")
    try:
        tree = parse(source)
    except ParseError as error:
        span = error.labels[0].span
        assert error.message
        assert 0 <= span.start <= span.end <= len(source.text) + 1
        source.place(span.start)
    else:
        assert show(tree, "/", "/home/u")


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_text_is_answered(text: str) -> None:
    try:
        parse(Source("FILE", text, "/"))
    except ParseError as error:
        assert error.labels
