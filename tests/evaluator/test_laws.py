"""Laws that hold for all values."""

from __future__ import annotations

import json
import pathlib
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chx.evaluator import EvalError, to_python

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

numbers = st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
data = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${").replace("\r", "\\r")
    return f'"{escaped}"'


@SETTINGS
@given(data)
def test_json_goes_there_and_back(bench, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    expression = f"builtins.fromJSON {quoted(text)}"
    assert to_python(bench.evaluator, bench.value(expression)) == value
    again = bench.evaluator.to_json(bench.value(expression)).encode("latin-1").decode()
    assert json.loads(again) == value


@SETTINGS
@given(st.lists(st.integers(-5, 5), max_size=12))
def test_sorting_is_stable_and_complete(bench, items: list[int]) -> None:
    pairs = " ".join(f"[ ({n}) {i} ]" for i, n in enumerate(items))
    sort = "builtins.sort (a: b: builtins.head a < builtins.head b)"
    shown = to_python(bench.evaluator, bench.value(f"{sort} [ {pairs} ]"))
    assert shown == [list(pair) for pair in sorted(((n, i) for i, n in enumerate(items)), key=lambda pair: pair[0])]


trees = st.recursive(
    st.integers(-20, 20).map(lambda n: (f"({n})", n)),
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner).map(
        lambda t: (
            f"({t[1][0]} {t[0]} {t[2][0]})",
            {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[t[0]](t[1][1], t[2][1]),
        )
    ),
    max_leaves=10,
)


@SETTINGS
@given(trees)
def test_arithmetic_is_exact_or_an_error(bench, tree: tuple[str, int]) -> None:
    text, expected = tree
    try:
        assert bench.value(text) == expected
    except EvalError as error:
        assert "integer overflow" in error.message


def _nix_division(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


@SETTINGS
@given(numbers, numbers.filter(bool))
def test_division_truncates(bench, a: int, b: int) -> None:
    assert bench.value(f"({a}) / ({b})") == _nix_division(a, b)


@SETTINGS
@given(st.dictionaries(st.sampled_from("abcd"), numbers), st.dictionaries(st.sampled_from("abcd"), numbers))
def test_update_prefers_the_right(bench, left: dict[str, int], right: dict[str, int]) -> None:
    def text(attrs: dict[str, int]) -> str:
        return "{ " + "".join(f"{name} = ({value}); " for name, value in attrs.items()) + "}"

    assert to_python(bench.evaluator, bench.value(f"{text(left)} // {text(right)}")) == left | right
    common = to_python(bench.evaluator, bench.value(f"builtins.intersectAttrs {text(left)} {text(right)}"))
    assert common == {name: value for name, value in right.items() if name in left}


@SETTINGS
@given(texts, st.lists(st.tuples(st.text("ab", min_size=1, max_size=2), texts), max_size=3))
def test_replacing_takes_the_first_that_fits(bench, text: str, pairs: list[tuple[str, str]]) -> None:
    text += "abba"
    froms = " ".join(quoted(a) for a, _ in pairs)
    tos = " ".join(quoted(b) for _, b in pairs)
    got = to_python(bench.evaluator, bench.value(f"builtins.replaceStrings [ {froms} ] [ {tos} ] {quoted(text)}"))
    expected, at = [], 0
    while at < len(text):
        for a, b in pairs:
            if text.startswith(a, at):
                expected.append(b)
                at += len(a)
                break
        else:
            expected.append(text[at])
            at += 1
    assert got == "".join(expected)


def test_start_up_imports_nothing_heavy() -> None:
    import subprocess

    root = pathlib.Path(__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import conftest; import chx.evaluator.evaluator, "
        "chx.evaluator.compiling, chx.evaluator.loader, chx.evaluator.printing; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    before = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); import conftest; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    heavy = {"json", "re", "typing", "dataclasses", "lark", "subprocess", "hashlib", "inspect", "functools"}
    assert not (set(loaded) - set(before)) & heavy
