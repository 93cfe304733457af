"""Expressions and what they give: `cases/*.txt`.

Cases are parted by lines of `---`. The last line of a case is `=> value`, as `--eval --strict`
prints it, or `!! message`.
"""

from __future__ import annotations

import pathlib
from typing import NamedTuple

import pytest

from chx.evaluator import EvalError
from chx.lang import LangError

from ..peer import Answer, Peer

CASES = pathlib.Path(__file__).parent / "cases"


class Case(NamedTuple):
    expression: str
    succeeds: bool
    expected: str


def read_cases(file: pathlib.Path) -> list[Case]:
    cases = []
    for chunk in file.read_text().split("\n---\n"):
        expression, _, last = chunk.rstrip("\n").rpartition("\n")
        assert last[:3] in ("=> ", "!! "), f"{file.name}: {last}"
        cases.append(Case(expression, last.startswith("=>"), last[3:]))
    return cases


FILES = sorted(CASES.glob("*.txt"))
ALL = [pytest.param(case, id=f"{file.stem}-{i}") for file in FILES for i, case in enumerate(read_cases(file), 1)]


def outcome(bench, case: Case) -> str:
    try:
        return bench.show(f" {case.expression}")
    except (EvalError, LangError) as error:
        assert not case.succeeds, f"{case.expression}: {error.message}"
        return error.message


@pytest.mark.parametrize("case", ALL)
def test_evaluates_as_written(bench, case: Case) -> None:
    assert outcome(bench, case) == case.expected


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_suspending_everything_changes_no_result(make_bench, file: pathlib.Path) -> None:
    bench = make_bench(exact=True)
    for case in read_cases(file):
        if "== [" not in case.expression:
            assert outcome(bench, case) == case.expected, case.expression


def agrees(answer: Answer, case: Case) -> None:
    """Fail if Nix answers anything else."""
    assert (answer.status == 0) == case.succeeds, f"{case.expression}: {answer.errors}"
    if case.succeeds:
        assert answer.output == f"{case.expected}\n", case.expression
    else:
        assert case.expected in answer.errors, case.expression


@pytest.mark.peer
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nix_agrees(peer: Peer, file: pathlib.Path) -> None:
    for case in read_cases(file):
        agrees(peer.answer("--eval", "--strict", "--expr", f" {case.expression}"), case)
