"""Generated expressions: both evaluators agree, the printer and the parser are inverse, nothing crashes."""

from __future__ import annotations

import os
import random
import re

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from chx.evaluator import EvalError
from chx.lang import LangError, Source, parse, show

from ..peer import Peer
from .generated import expressions
from .test_cases import FILES, read_cases

PER_RUN = 40
RUNS = int(os.environ.get("CHX_GENERATED_RUNS", "6"))
SETTINGS = settings(
    deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None, derandomize=True
)


@settings(SETTINGS, max_examples=300)
@given(expressions())
def test_printing_what_was_parsed_is_stable(text: str) -> None:
    once = show(parse(Source("FILE", text, "/")), "/", "/home")
    # What Nix prints of interpolations is sums, and of assertions no expression.
    if "${" not in text and "assert" not in text:
        assert show(parse(Source("FILE", once, "/")), "/", "/home") == once


@settings(SETTINGS, max_examples=300)
@given(expressions())
def test_suspending_everything_changes_nothing(make_bench, text: str) -> None:
    def result(exact: bool) -> tuple[object, list[str]]:
        bench = make_bench(exact=exact)
        try:
            return bench.show(text), bench.world.traces
        except EvalError as error:
            return type(error), bench.world.traces

    # What a trace shows of a list depends on what was evaluated early.
    plain, exact = result(False), result(True)
    assert plain[0] == exact[0]
    assert len(plain[1]) == len(exact[1])


def _readable(traces: list[str]) -> list[str]:
    return [text.encode("latin-1").decode() for text in traces]


def _outcomes(make_bench, text: str) -> tuple[bool, str, list[str]]:
    bench = make_bench(exact=True)
    try:
        shown = bench.show(f" {text}")
        return True, shown, _readable(bench.world.traces)
    except (EvalError, LangError) as error:
        return False, error.message, _readable(bench.world.traces)


def _made(peer: Peer, seed: int) -> list[str]:
    """Expressions for Nix: as Hypothesis makes them now, or, where there is no Nix, those that it was asked about."""
    if not peer.is_there:
        return [question.words[-1].removeprefix(" ") for question in peer.questions][seed::RUNS]
    made: list[str] = []

    @hypothesis.seed(seed)
    @settings(SETTINGS, max_examples=PER_RUN, derandomize=False)
    @given(expressions())
    def collect(text: str) -> None:
        made.append(text)

    collect()
    return made


@pytest.mark.peer
@pytest.mark.parametrize("seed", range(RUNS))
def test_nix_agrees_on_values_errors_and_order(peer: Peer, make_bench, seed: int) -> None:
    made = _made(peer, seed)
    assert len(made) > PER_RUN // 2
    for text in made:
        succeeds, shown, traces = _outcomes(make_bench, text)
        answer = peer.answer("--eval", "--strict", "--expr", f" {text}")
        assert (answer.status == 0) == succeeds, text
        if succeeds:
            assert answer.output == f"{shown}\n", text
        else:
            assert shown.split("\n")[0] in answer.errors, text
        assert answer.traces == traces, text


FRAGMENTS = (
    "${", "''", '"', "{", "}", "[", "]", "(", ")", "rec ", "let ", "in ", "inherit ", "with ", ";", ":", "@", "?", ".",
    "...", "or ", "//", "==", "!", "-", "1.", "null", "__functor", "__overrides", "outPath", "<a>", "./a", "~/a",
    "\\", "\0", "\xff", "\n", "#", "/*", "$", "''${", "throw ",
)  # fmt: skip


def damaged(random: random.Random, corpus: list[str]) -> str:
    """A case with something taken out, put in or doubled."""
    text = random.choice(corpus)
    for _ in range(random.choice((1, 1, 2, 3))):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice((1, 2, 5, 20)))
        other = random.choice((random.choice(FRAGMENTS), chr(random.randrange(256)), text[start:end] * 2, ""))
        text = text[:start] + other + text[random.choice((start, end)) :]
    return text


def test_damage_is_never_an_internal_error(make_bench) -> None:
    corpus = [case.expression.encode().decode("latin-1") for file in FILES for case in read_cases(file)]
    corpus = [text for text in corpus if not re.search(r"\d{5}", text)]
    choices = random.Random(4)
    for _ in range(int(os.environ.get("CHX_DAMAGED_CASES", "1500"))):
        text = damaged(choices, corpus)
        if re.search(r"\d{5}", text):
            continue
        bench = make_bench(exact=choices.random() < 0.3, max_call_depth=1000)
        try:
            value = bench.evaluator.eval_source(Source("«string»", text, "/base"))
            bench.evaluator.print_value(value, strict=True)
            bench.evaluator.to_json(value)
        except (EvalError, LangError) as error:
            assert "internal error" not in error.message, repr(text)
