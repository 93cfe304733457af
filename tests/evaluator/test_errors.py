"""Errors say where, and what was being done."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError
from chx.lang import LangError


def failure(bench, text: str) -> EvalError:
    with pytest.raises(EvalError) as caught:
        bench.show(text)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "marked"),
    [
        ("let x = { }; in x.«nope»", "attribute 'nope' missing"),
        ("let x = { a.b = 1; }; in x.a.«c».d", "attribute 'c' missing"),
        ("let x = { a.b = 1; }; in [ x.a.«c».d ]", "attribute 'c' missing"),
        ("let x = { a.b = 1; }; y = x.a.b.«c»; in [ y ]", "expected a set but found an integer: 1"),
        ("{ inherit ({ }) «nope»; }", "attribute 'nope' missing"),
        ("let inherit (x) «nope»; x = { }; in nope", "attribute 'nope' missing"),
        ("1 «+» { }", "cannot add a set to an integer"),
        ("let f = a: b: a «-» b; in f 1 null", "expected an integer but found null: null"),
        ("[ (1 «<» true) ]", "cannot compare an integer with a Boolean; values are 1 and true"),
        ("{ a = [ (if «1» then 2 else 3) ]; }", "expected a Boolean but found an integer: 1"),
        ("let f = «{ a }: a»; in f { }", "function 'f' called without required argument 'a'"),
        ("let f = x: «x 1»; in f 2", "attempt to call something which is not a function but an integer: 2"),
        ("with { }; [ «nope» ]", "undefined variable 'nope'"),
        ("[ («builtins.head [ ]») ]", "'builtins.head' called on an empty list"),
        ("let f = x: «throw x»; in [ (f \"a\") ]", "a"),
        ("map (x: «throw x») [ \"a\" ]", "a"),
        ("\"a${toString 1}«b${{ }}»\"", "cannot coerce a set to a string: { }"),
        ("{ ${«1»} = 2; }", "expected a string but found an integer: 1"),
        ("9223372036854775807 «+» 1", "integer overflow in adding 9223372036854775807 + 1"),
    ],
)  # fmt: skip
def test_the_place_is_marked(bench, expression: str, marked: str) -> None:
    start = expression.index("«")
    end = expression.index("»") - 1
    text = expression.replace("«", "").replace("»", "")
    error = failure(bench, text)
    assert error.message == marked
    span = error.labels[0].span
    if "toString 1" in text:
        start, end = 0, len(text)
    assert (span.start, span.end) == (start, end), text[span.start : span.end]


def test_frames_run_from_the_inside_out(bench) -> None:
    error = failure(bench, 'let f = x: { a = g x; }; g = y: throw "no"; in { b = (f 1).a; }')
    assert [frame.text for frame in error.frames] == [
        "while calling the 'throw' builtin",
        "while calling 'g'",
        "while evaluating the attribute 'a'",
        "while evaluating the attribute 'b'",
    ]


def test_addErrorContext_adds_a_frame_at_its_place(bench) -> None:
    error = failure(bench, '{ a = builtins.addErrorContext "while testing" (throw "x"); }')
    texts = [frame.text for frame in error.frames]
    assert texts.index("while calling the 'throw' builtin") < texts.index("while testing")
    assert texts.index("while testing") < texts.index("while evaluating the attribute 'a'")


def test_infinite_recursion_names_the_value_and_both_needs(bench) -> None:
    text = "let a = b + 1; b = a * 2; in [ a ]"
    error = failure(bench, text)
    shown = {(text[label.span.start : label.span.end], label.text) for label in error.labels}
    assert ("a", "needed again while it is being evaluated") in shown
    assert ("b + 1", "this value") in shown


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("{ foobar = 1; }.foobaz", "did you mean foobar?"),
        ("let foobar = 1; in foobaz", "did you mean foobar?"),
        ("with { foobar = 1; }; foobaz", "did you mean foobar?"),
        ("({ foobar ? 1 }: 1) { foobaz = 1; }", "did you mean foobar?"),
        ("builtins.lenght", "did you mean length?"),
        ("{ a = 1; }.zzzzz", None),
    ],
)
def test_misspelt_names_get_a_hint(bench, expression: str, hint: str | None) -> None:
    assert failure(bench, expression).hint == hint


def test_an_undefined_variable_is_found_before_evaluation(bench) -> None:
    error = failure(bench, 'builtins.trace "evaluated" (if true then 1 else { x = _: nope; })')
    assert error.message == "undefined variable 'nope'"
    assert bench.world.traces == []


def test_names_of_a_with_are_not_checked_beforehand(bench) -> None:
    assert bench.show("with { }; if true then 1 else nope") == "1"


def test_a_text_that_is_no_expression_stays_a_language_error(bench) -> None:
    with pytest.raises(LangError):
        bench.show("1 +")


def test_an_error_in_another_file_points_there(make_bench) -> None:
    bench = make_bench({"/base/a.nix": "x: x.nope"})
    error = failure(bench, "import ./a.nix { }")
    assert error.labels[0].source.name == "/base/a.nix"
    assert error.labels[0].source.place(error.labels[0].span.start) == (1, 6)


def test_a_message_shows_little_of_a_large_value(bench) -> None:
    message = failure(bench, "1 + (builtins.listToAttrs (map (i: { name = toString i; value = i; }) "
                             "(builtins.genList (i: i) 100))).nope or { a = builtins.genList (i: i) 100; } 5").message  # fmt: skip
    assert len(message) < 500


def test_codes_are_stable(bench) -> None:
    codes = {failure(bench, text).code for text in ("{ }.a", "1 + { }", "throw 1", 'throw ""', "let x = x; in x")}
    assert codes == {"E202", "E201", "E206", "E204"}


def test_a_frame_names_the_derivation_and_its_attribute(bench) -> None:
    error = failure(
        bench,
        'rec { d = (derivation { name = "curl"; system = "s"; builder = "b"; inputs = [ p.opensssl ]; }).outPath; '
        "p = { openssl = 1; }; }",
    )
    assert [frame.text for frame in error.frames] == [
        "while evaluating the attribute 'inputs'",
        "while evaluating the attribute 'inputs' of derivation 'curl'",
        "while evaluating the attribute 'd'",
    ]
    assert error.hint == "did you mean openssl?"


def test_equal_frames_are_shown_once(bench) -> None:
    assert len(failure(bench, "let f = n: 1 + f (n + 1); in f 0").frames) == 2


def test_context_is_added_to_any_error(bench) -> None:
    error = failure(bench, 'builtins.addErrorContext "testing" { }.a')
    assert "testing" in [frame.text for frame in error.frames]
