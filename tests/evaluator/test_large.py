"""Numbers of many digits and texts that nest deep are ordinary errors, or ordinary values."""

from __future__ import annotations

import json

import pytest

from chx.evaluator import EvalError

NINES = "9" * 5000
DEEP = 200_000


def failure(bench, text: str) -> EvalError:
    with pytest.raises(EvalError) as caught:
        bench.show(text)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (f"builtins.fromJSON ''[ {NINES} ]''", "E215"),
        (f"builtins.fromJSON ''[ -{NINES} ]''", "E215"),
        (f"builtins.fromTOML ''a = {NINES}''", "E215"),
        (f"builtins.fromTOML ''a = -{NINES}''", "E215"),
        (f"builtins.fromTOML ''a = 0x{NINES}''", "E215"),
        (f'builtins.match "a{{{NINES}}}" "a"', "E215"),
        (f'builtins.match "a{{1,{NINES}}}" "a"', "E215"),
        ('builtins.match "a{١}" "a"', "E215"),
    ],
    ids=range(8),
)
def test_a_number_of_many_digits_is_refused_with_its_place(bench, expression: str, code: str) -> None:
    error = failure(bench, expression)
    assert error.code == code, error.message
    assert error.labels


def test_a_number_beyond_64_bits_is_a_float_in_json(bench) -> None:
    assert bench.show("builtins.fromJSON ''99999999999999999999999''") == "1e+23"
    assert bench.show(f"builtins.fromJSON ''-0.{NINES}''") == "-1"


def test_versions_compare_with_many_digits(bench) -> None:
    assert bench.show(f'builtins.compareVersions "1.{NINES}" "1.2"') == "-1"
    assert bench.show(f'builtins.compareVersions "1.{"0" * 5000}7" "1.7"') == "0"


def test_a_list_has_no_element_of_many_digits(bench) -> None:
    with pytest.raises(EvalError, match="is out of range"):
        bench.evaluator.select_attr_path(bench.value("[ 1 ]"), NINES)


@pytest.mark.parametrize("text", ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[" * DEEP])
def test_json_that_nests_too_deep_is_refused_with_its_place(bench, text: str) -> None:
    error = failure(bench, f"builtins.fromJSON {json.dumps(text)}")
    assert error.code in ("E205", "E215")
    assert error.labels


@pytest.mark.parametrize("text", ["a = " + "[" * DEEP + "]" * DEEP, "a = " + "{a=" * DEEP + "1" + "}" * DEEP])
def test_toml_that_nests_too_deep_is_refused_with_its_place(bench, text: str) -> None:
    error = failure(bench, f"builtins.fromTOML {json.dumps(text)}")
    assert error.code == "E205"
    assert error.labels


@pytest.mark.parametrize("text", ["{key} = 1", "[{key}]", "[[ {key} ]]", "x = {{ y = 1, {key} = 1 }}"])
@pytest.mark.parametrize("dot", [".", " . ", '."b"."c".'])
def test_a_toml_key_has_at_most_a_thousand_parts(bench, text: str, dot: str) -> None:
    long = text.format(key=dot.join(["a"] * DEEP))
    assert "parts" in failure(bench, f"builtins.fromTOML {json.dumps(long)}").message
    short = text.format(key=dot.join(["a"] * 300))
    assert bench.show(f"builtins.attrNames (builtins.fromTOML {json.dumps(short)})") in ('[ "a" ]', '[ "x" ]')
