"""Dates and times of TOML: what the experimental feature `parse-toml-timestamps` gives, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chx.evaluator import EvalError
from chx.evaluator.tomltime import mark_timestamps

FEATURES = frozenset({"parse-toml-timestamps"})

TIMESTAMPS = [
    ("1979-05-27T07:32:00.123456789Z", "1979-05-27T07:32:00.123456789Z"),
    ("1979-05-27T07:32:00.1234567891234Z", "1979-05-27T07:32:00.123456789Z"),
    ("1979-05-27T07:32:00.1234567", "1979-05-27T07:32:00.123456700"),
    ("1979-05-27 07:32:00.1234-07:30", "1979-05-27T07:32:00.123400-07:30"),
    ("1979-05-27t07:32:00.12z", "1979-05-27T07:32:00.120Z"),
    ("1979-05-27T07:32:00-00:00", "1979-05-27T07:32:00Z"),
    ("1979-05-27T07:32:00+24:30", "1979-05-27T07:32:00+24:30"),
    ("1979-05-27T23:59:60", "1979-05-27T23:59:60"),
    ("0000-02-29", "0000-02-29"),
    ("07:32:00.000000001", "07:32:00.000000001"),
    ("07:32:00.000", "07:32:00"),
]
"""Dates and times of TOML, and what Nix 2.34.8 makes of them."""


@pytest.mark.parametrize(("written", "value"), TIMESTAMPS)
def test_all_digits_of_timestamps_are_kept(make_bench, written: str, value: str) -> None:
    bench = make_bench(features=FEATURES)
    assert bench.show(f'builtins.fromTOML "a = [ {written} ]"') == (
        f'{{ a = [ {{ _type = "timestamp"; value = "{value}"; }} ]; }}'
    )


@pytest.mark.parametrize(
    "written",
    ["1979-02-29", "1900-02-29", "1979-13-01", "1979-05-27T24:00:00", "1979-05-27T07:32:00+25:00", "07:32:61", "07:32",
     "1979-05-27  07:32:00", "07:32:00.", "07:32:00+01:00", "1979-05-27T07:32Z", "1979-05-27T07:32:00+0000"],
)  # fmt: skip
def test_what_is_no_date_is_refused(make_bench, written: str) -> None:
    with pytest.raises(EvalError, match=r"^while parsing TOML: ") as caught:
        make_bench(features=FEATURES).show(f'builtins.fromTOML "a = {written}"')
    assert caught.value.code == "E215"


@given(st.text(alphabet="1979-05-27T:0.Zae=,[]{}#\"'\n ", max_size=60))
def test_a_text_keeps_its_length_and_all_but_its_timestamps(text: str) -> None:
    marked, marks = mark_timestamps(text)
    assert len(marked) == len(text)
    assert all(mark in marked and mark not in text for mark in marks)
