"""The operators `|>` and `<|`, an experimental feature: trees as Nix prints them, and what is refused."""

from __future__ import annotations

import pytest

from chx.evaluator import EvalError
from chx.lang import ParseError, Source, parse, show

from ..evaluator.conftest import Bench, MemoryWorld
from ..peer import Peer

FEATURE = ("--extra-experimental-features", "pipe-operators")

TREES = [
    ("1 + 2 |> builtins.toString |> (x: x)", "((x: x) ((builtins).toString (1 + 2)))"),
    ("builtins.toString <| (x: x) <| 1 + 2", "((builtins).toString ((x: x) (1 + 2)))"),
    ("true -> false |> (x: x)", "((x: x) (true -> false))"),
    ("(1 |> (x: x)) <| 3", "((x: x) 1 3)"),
    ("2 |> builtins.add 1", "((builtins).add 1 2)"),
    ("x: [ 1 ] ++ x |> map (a: a)", "(x: (map (a: a) ([ (1) ] ++ x)))"),
    ("1 |>2", "(2 1)"),
    ("builtins.add <| 1 |> (x: x)", None),
    ("1 |> (x: x) <| 3", None),
    ("[ 1 |> 2 ]", None),
    ("1 |> x: x", None),
    ("1 |>", None),
    ("|> 1", None),
]
"""Texts and their trees; None for a syntax error."""


def parsed(text: str) -> str:
    return show(parse(Source("FILE", text, "/"), pipes=True), "/", "")


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_pipes_are_calls(text: str, tree: str | None) -> None:
    if tree is not None:
        assert parsed(text) == tree
        return
    with pytest.raises(ParseError, match=r"^syntax error, unexpected "):
        parsed(text)


@pytest.mark.peer
def test_nix_has_the_same_trees(peer: Peer) -> None:
    for text, tree in TREES:
        answer = peer.answer("--parse", *FEATURE, "-E", text)
        assert answer.output == ("" if tree is None else f"{tree}\n"), text


def test_a_text_compiled_with_pipes_is_refused_without() -> None:
    """The cache tells them apart, in either order."""
    world = MemoryWorld()
    text = "let f = x: x + 1; in 1 |> f |> f"
    for _ in range(2):
        assert Bench(world, features=frozenset({"pipe-operators"})).show(text) == "3"
        with pytest.raises(ParseError, match="experimental Nix feature 'pipe-operators' is disabled"):
            Bench(world).show(text)
    assert world.loads == 1


def test_a_failed_condition_shows_its_pipes_as_calls() -> None:
    bench = Bench(MemoryWorld(), features=frozenset({"pipe-operators"}))
    with pytest.raises(EvalError) as caught:
        bench.show("assert 1 |> (x: false); 3")
    assert caught.value.message == "assertion '((x: false) 1)' failed"
