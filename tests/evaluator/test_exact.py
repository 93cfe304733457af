"""What can only be told when everything is suspended that Nix suspends: `exact/*.txt`, in the form of `cases/*.txt`.

A line `~~ texts` before the last says what `trace` shows, in order.
"""

from __future__ import annotations

import pathlib

import pytest

from chx.evaluator import EvalError
from chx.lang import LangError

from ..peer import Peer
from .test_cases import Case, agrees, read_cases

EXACT = pathlib.Path(__file__).parent / "exact"
ALL = [
    pytest.param(case, id=f"{file.stem}-{number}")
    for file in sorted(EXACT.glob("*.txt"))
    for number, case in enumerate(read_cases(file), 1)
]


def split(case: Case) -> tuple[str, str | None]:
    """The expression, and the traces if they are told."""
    expression, mark, traces = case.expression.partition("\n~~ ")
    return expression, traces if mark else None


@pytest.mark.parametrize("case", ALL)
def test_is_as_written(make_bench, case: Case) -> None:
    bench = make_bench(exact=True)
    expression, traces = split(case)
    try:
        shown = bench.show(f" {expression}")
        assert case.succeeds, shown
    except (EvalError, LangError) as error:
        shown = error.message
        assert not case.succeeds, shown
    assert shown == case.expected
    if traces is not None:
        assert " ".join(bench.world.traces) == traces


@pytest.mark.peer
@pytest.mark.parametrize("case", ALL)
def test_is_so_in_nix(peer: Peer, case: Case) -> None:
    expression, traces = split(case)
    answer = peer.answer("--eval", "--strict", "--expr", f" {expression}")
    agrees(answer, case)
    if traces is not None:
        assert " ".join(answer.traces) == traces
