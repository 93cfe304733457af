"""Reading case files: `--- WORD`, the input, `=>`, the expected text."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Case(NamedTuple):
    word: str
    text: str
    expected: str


def read_cases(name: str) -> list[Case]:
    """All cases of a file in this folder."""
    cases = []
    for chunk in ("\n" + (HERE / name).read_text()).split("\n--- ")[1:]:
        head, _, rest = chunk.partition("\n")
        text, _, expected = rest.partition("\n=>\n")
        cases.append(Case(head.removesuffix("case"), text, expected.removesuffix("\n")))
    return cases
