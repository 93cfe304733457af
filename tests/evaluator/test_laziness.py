"""What is evaluated, and in which order."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("expression", "order"),
    [
        ('(builtins.trace "f" (x: x)) (builtins.trace "x" 1)', "f x"),
        ('(x: y: x) (builtins.trace "x" 1) (builtins.trace "y" 2)', "x"),
        ('let f = x: y: y + x; in f (builtins.trace "x" 1) (builtins.trace "y" 2)', "y x"),
        ('let f = x: y: if y > 0 then x else 0; in f (builtins.trace "x" 1) (builtins.trace "y" 2)', "y x"),
        ('let f = x: y: if y > 0 then 0 else x; in f (builtins.trace "x" 1) (builtins.trace "y" 2)', "y"),
        ('let f = x: y: [ x y ]; in builtins.length (f (builtins.trace "x" 1) (builtins.trace "y" 2))', ""),
        ('let a = builtins.trace "a" 1; in a + a', "a"),
        ('let a = builtins.trace "a" 1; in { b = a; }.b + a', "a"),
        ('builtins.trace "l" 1 < builtins.trace "r" 2', "l r"),
        ('builtins.trace "l" 1 > builtins.trace "r" 2', "r l"),
        ('builtins.trace "l" 1 <= builtins.trace "r" 2', "r l"),
        ('builtins.trace "l" 1 >= builtins.trace "r" 2', "l r"),
        ('builtins.trace "l" 1 + builtins.trace "r" 2', "l r"),
        ('builtins.trace "l" 5 - builtins.trace "r" 2', "l r"),
        ('builtins.trace "l" { } // builtins.trace "r" { }', "r l"),
        ('builtins.trace "l" [ ] ++ builtins.trace "r" [ ]', "l r"),
        ('builtins.trace "l" false && builtins.trace "r" true', "l"),
        ('builtins.trace "l" true || builtins.trace "r" true', "l"),
        ('builtins.trace "l" false -> builtins.trace "r" true', "l"),
        ('"${builtins.trace "a" "x"}${builtins.trace "b" "y"}"', "a b"),
        ('with builtins.trace "w" { a = 1; }; 2', ""),
        ('with builtins.trace "w" { a = 1; }; a + a', "w"),
        ('with builtins.trace "o" { a = 1; }; with builtins.trace "i" { b = 1; }; a', "i o"),
        ('{ ${builtins.trace "k" "a"} = builtins.trace "v" 1; }.a', "k v"),
        ('{ a = builtins.trace "v" 1; } ? a', ""),
        ('{ a = builtins.trace "v" 1; }.b or (builtins.trace "d" 2)', "d"),
        ('({ a, b ? builtins.trace "b" 1 }: a) { a = builtins.trace "a" 1; }', "a"),
        ('({ a ? builtins.trace "a" 1, b ? a }: b + b) { }', "a"),
        ('let inherit (builtins.trace "o" { a = 1; b = 2; }) a b; in a + b', "o"),
        ('builtins.seq (builtins.trace "s" 1) (builtins.trace "r" 2)', "s r"),
        ('builtins.deepSeq { b = builtins.trace "b" 1; a = builtins.trace "a" 2; } 1', "b a"),
        ('builtins.head [ (builtins.trace "a" 1) (builtins.trace "b" 1) ]', "a"),
        ('builtins.length [ (builtins.trace "a" 1) ]', ""),
        ('builtins.length (map (x: builtins.trace "f" x) [ 1 2 ])', ""),
        ('builtins.all (x: builtins.trace (toString x) (x < 2)) [ 1 2 3 ]', "1 2"),
        ("builtins.foldl' (a: b: builtins.trace (toString b) a) 0 [ 1 2 ]", "1 2"),
        ('builtins.attrNames (builtins.mapAttrs (n: builtins.trace n) { a = 1; })', ""),
        ('builtins.trace "a" { } // builtins.trace "b" { } // builtins.trace "c" { }', "c b a"),
        ('{ outPath = builtins.trace "a" "x"; } + builtins.trace "b" "y"', "a b"),
        ('let s = { outPath = builtins.trace "a" "x"; }; in "${s}${builtins.trace "b" "y"}${s.outPath}"', "a b"),
        ("builtins.sort (a: b: builtins.trace (toString a) (a < b)) [ 5 3 1 2 4 ]", "3 1 1 2 2 2 4 4"),
        ('assert builtins.trace "c" true; builtins.trace "b" 1', "c b"),
        ('(derivation { name = "n"; builder = "b"; system = "s"; x = builtins.trace "x" ""; }).name', ""),
        ('(derivation { name = "n"; builder = "b"; system = "s"; x = builtins.trace "x" ""; }).outPath', "x"),
        ('let d = derivation { name = "n"; builder = "b"; system = "s"; x = builtins.trace "x" ""; }; '
         'in d.outPath + d.drvPath', "x"),
        ('rec { a = builtins.trace "a" 1; b = a; c = a; }', "a"),
        ('builtins.elemAt (builtins.trace "l" [ 1 ]) (builtins.trace "i" 0)', "i l"),
        ('map (builtins.trace "f" (x: x)) (builtins.trace "l" [ ])', "l"),
        ('builtins.filter (builtins.trace "f" (x: true)) (builtins.trace "l" [ 1 ])', "l f"),
        ('builtins.concatMap (builtins.trace "f" (x: [ x ])) (builtins.trace "l" [ 1 ])', "f l"),
        ('builtins.sort (a: b: a < b) (map (x: builtins.trace (toString x) x) [ 3 1 2 ])', "3 1 2"),
        ('builtins.sort (a: b: true) (map (x: builtins.trace (toString x) x) [ 3 1 2 ])', "3 1 2"),
        ('builtins.sort (a: b: a > b) (map (x: builtins.trace (toString x) x) [ 3 1 2 ])', "3 1 2"),
        ('with builtins.trace "w" { a = 1; }; [ a a ]', "w"),
        ('let s = builtins.trace "s" { a = builtins.trace "a" 1; }; in { inherit (s) a; b = s.a; }', "s a"),
    ],
)  # fmt: skip
def test_evaluation_happens_in_this_order(bench, expression: str, order: str) -> None:
    bench.show(expression)
    assert " ".join(bench.world.traces) == order


def test_an_error_is_raised_again_when_its_thunk_is_forced_again(bench) -> None:
    assert (
        bench.show('let a = throw "x"; in [ (builtins.tryEval a).success (builtins.tryEval a).success ]')
        == "[ false false ]"
    )


def test_a_literal_does_not_evaluate_its_parts(bench) -> None:
    assert bench.show('builtins.length [ { a = throw "x"; } [ (throw "y") ] (x: throw "z") ]') == "3"


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("{ a = 1; b = 1 + 1; c = x: x; d = [ 1 ]; e = { }; f = [ ]; }",
         "{ a = 1; b = <CODE>; c = <CODE>; d = <CODE>; e = <CODE>; f = [ ]; }"),
        ("let s = { x = 1 + 1; }; in builtins.seq s.x s", "{ x = 2; }"),
        ("[ 1 (1 + 1) ./a \"s\" ]", '[ 1 <CODE> /base/a "s" ]'),
        ("x: x", "<LAMBDA>"),
        ("map", "<PRIMOP>"),
        ("map (x: x)", "<PRIMOP-APP>"),
    ],
)  # fmt: skip
def test_printing_shows_what_nix_has_not_evaluated(make_bench, expression: str, shown: str) -> None:
    assert make_bench(exact=True).show(expression, strict=False) == shown


@pytest.mark.parametrize(
    ("expression", "equal"),
    [
        ("with { f = x: x; }; [ f ] == [ f ]", "false"),
        ("let s = { f = x: x; }; in builtins.seq s.f ([ s.f ] == [ s.f ])", "false"),
        ("let s = { f = x: x; }; in with s; builtins.seq f ([ f ] == [ f ])", "false"),
        ("let s = { f = x: x; }; t = { inherit (s) f; }; in builtins.seq t.f ([ t.f ] == [ s.f ])", "false"),
        ("let s = { l = [ (x: x) ]; }; in builtins.deepSeq s ([ s.l ] == [ s.l ])", "true"),
        ("let f = x: x; in [ f ] == [ f ]", "true"),
    ],
)
def test_what_is_taken_without_a_thunk_makes_no_two_functions_the_same(bench, expression: str, equal: str) -> None:
    assert bench.show(expression) == equal
