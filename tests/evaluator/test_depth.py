"""Deep recursion, and its end."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError

DEEP = [
    "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 9900",
    "let f = n: if n == 0 then 0 else 1 + f { x = n - 1; }.x; in f 9900",
    "let even = n: n == 0 || odd (n - 1); odd = n: n != 0 && even (n - 1); in if even 9900 then 9900 else 0",
    "let f = { n }: if n == 0 then 0 else 1 + f { n = n - 1; }; in f { n = 9900; }",
    "let f = self: n: if n == 0 then 0 else 1 + self self (n - 1); in f f 4900",
    "let f = n: if n == 0 then 0 else builtins.foldl' (a: b: a + f (n - 1)) 1 [ 1 ]; in f 3000",
    "let f = n: if n == 0 then 0 else builtins.head (map (x: x + f (n - 1)) [ 1 ]); in f 3000",
    "let f = n: if n == 0 then 0 else builtins.head (builtins.sort (a: b: f (n - 1) < 0) [ 1 1 ]); in f 2000",
    "let l = builtins.genList (i: if i == 0 then 0 else 1 + builtins.elemAt l (i - 1)) 9000; in builtins.elemAt l 8999",
    "let s = builtins.foldl' (acc: i: { inherit acc; }) null (builtins.genList (i: i) 20000); in if s == s then 1 else 0",
]
ENDLESS = [
    "let f = n: f (n + 1); in f 0",
    "let f = n: 1 + f (n + 1); in f 0",
    "let f = x: f [ x ]; in f 1",
    "(x: x x) (x: x x)",
    "let f = n: { a = (f (n + 1)).a; }; in (f 0).a",
    "let f = n: builtins.foldl' (a: b: f b) 0 [ n ]; in f 0",
    "let f = n: builtins.sort (a: b: f a) [ 1 2 ]; in f 0",
    "let f = n: builtins.concatMap f [ n ]; in f 0",
    'let s = { outPath = "${s2}"; }; s2 = { __toString = _: "${t { }}"; }; t = _: { outPath = t2 { }; }; '
    't2 = _: t { }; in "${s}"',
]
RECURSIVE = [
    "let x = x; in x",
    "rec { a = b + 1; b = a + 1; }.a",
    "let a = [ b ]; b = builtins.head a; in b",
    "let s = { x = s.x; }; in s.x",
    "let inherit (s) x; s = { y = x; x = s.y; }; in x",
    "({ a ? b, b ? a }: a) { }",
    "let s = s // { a = 1; }; in s",
]


@pytest.mark.parametrize("expression", DEEP)
def test_ten_thousand_nested_calls_work(bench, expression: str) -> None:
    assert int(bench.show(expression)) >= 0


@pytest.mark.parametrize("expression", ENDLESS)
def test_unending_recursion_is_an_ordinary_error(bench, expression: str) -> None:
    with pytest.raises(EvalError) as caught:
        bench.show(expression)
    assert caught.value.message == "stack overflow; max-call-depth exceeded"
    assert caught.value.code == "E205"
    assert caught.value.labels
    assert bench.show("1 + 1") == "2"


@pytest.mark.parametrize("expression", RECURSIVE)
def test_a_value_that_needs_itself_is_infinite_recursion(bench, expression: str) -> None:
    with pytest.raises(EvalError) as caught:
        bench.show(expression)
    assert caught.value.message == "infinite recursion encountered"
    assert caught.value.labels


def test_the_depth_can_be_chosen(make_bench) -> None:
    bench = make_bench(max_call_depth=200)
    with pytest.raises(EvalError, match="max-call-depth"):
        bench.show("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 5000")


@pytest.mark.parametrize("depth", [50, 3000])
@pytest.mark.parametrize(
    "shape",
    [
        lambda n: "(" * n + "1" + ")" * n,
        lambda n: "[" * n + "]" * n,
        lambda n: "if true then " * n + "1" + " else 2" * n,
        lambda n: "1" + " + 1" * n,
        lambda n: "let a = 1; in " * n + "a",
        lambda n: "{ a = " * n + "1" + "; }" * n,
        lambda n: "".join(f"if 1 == {i} then 2 else " for i in range(2, n)) + "3",
        lambda n: "[ 1 ]" + " ++ [ 1 ]" * n,
        lambda n: "with { a = 1; }; " * n + "a",
        lambda n: "assert true; " * n + "1",
        lambda n: "(x: " * n + "1" + ") 1" * n,
        lambda n: '"${' * n + '"a"' + '}"' * n,
        lambda n: "true && (" * n + "true" + ")" * n,
    ],
)
def test_expressions_may_be_nested_deeply(bench, shape, depth: int) -> None:
    bench.value(shape(depth))
