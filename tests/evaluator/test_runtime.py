"""The compiled runtime and the Python functions it stands for are the same to every program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .. import runtime
from .test_cases import CASES, read_cases
from .test_depth import DEEP, ENDLESS, RECURSIVE
from .test_exact import EXACT, split

ROOT = Path(__file__).resolve().parents[2]
PURE = {"CHX_PURE_PYTHON": "1"}
OBSERVE = Path(__file__).with_name("observe.py")
PROGRAMS = Path(__file__).parent / "programs"

PROGRAM_TEXTS = [
    # What no case does: errors on the way through every compiled function.
    "let f = throw \"t\"; in map f [ 1 ]",
    "builtins.foldl' (a: b: throw \"x\") 0 [ 1 2 ]",
    "builtins.mapAttrs (n: v: v.missing) { a = { }; }",
    "(builtins.mapAttrs (n: v: v.missing) { a = { b = 1; }; }).a",
    "let s = { a = s.b; b = s.a; }; in s.a",
    "let inherit (s) a; s = { a = { b = t.c; }; }; t = { c = s.a.b; }; in a.b",
    "with { a = throw \"late\"; }; [ a ]",
    "with 1; [ a ]",
    "let s = { a.b = 1; }; in [ s.a.c ]",
    "let s = builtins.head [ { a = 1; } ]; in { inherit (s) b; }.b",
    "builtins.filter (x: 1) [ 1 ]",
    "builtins.all (x: \"y\") [ 1 ]",
    "builtins.concatMap (x: x) [ 1 ]",
    "builtins.listToAttrs [ { name = builtins.trace \"n\" \"a\"; } ]",
    "builtins.listToAttrs [ { value = 1; } ]",
    "builtins.zipAttrsWith (n: vs: builtins.trace n vs) [ { a = 1; } { a = 2; b = 3; } ]",
    "builtins.groupBy (x: if x > 1 then \"big\" else \"small\") [ 1 2 3 ]",
    "builtins.groupBy (x: x) [ 1 ]",
    "builtins.trace \"once\" (let x = builtins.trace \"x\" 1; in [ x x ] == [ x x ])",
    "let s = { type = \"derivation\"; outPath = \"a\"; x = throw \"no\"; }; in s == s // { x = 1; }",
    "{ a = 0.0 / 0.0; } == { a = 1; }",
    "let f = x: x; in [ (f == f) ([ f ] == [ f ]) ({ inherit f; } == { inherit f; }) ]",
    "let f = { __functor = self: x: x + self.y; y = 1; }; in map f [ 1 2 ]",
    "map (builtins.add 1) [ 1 \"x\" ]",
    "builtins.genList (builtins.sub 5) 3",
    "builtins.elemAt [ 1 2 ] 2",
    "builtins.elemAt [ 1 2 ] 9223372036854775807",
    "builtins.genList (x: x) (-1)",
    f"builtins.compareVersions \"1.{'9' * 5000}\" \"1.2\"",
    f"builtins.fromJSON \"{'[' * 200000}\"",
    "{ a.b.c = 1; } ? a.b.c && !({ a = 1; } ? a.b) && { a.b = 1; } ? ${\"a\"}.${\"b\"}",
    "{ a = 1; }.${toString 5} or (throw \"d\")",
    "({ a = 1; } // { b = 2; }).c",
    "builtins.intersectAttrs { a = 1; b = 2; } { b = 3; c = 4; d = 5; }",
    "removeAttrs { a = 1; b = 2; } [ \"a\" 1 ]",
    "\"${toString [ 1 [ ] [ 2 3 ] \"x\" true null ]}${{ outPath = \"p\"; }}${{ __toString = self: \"t\"; }}\"",
    "\"${1}\"",
    "toString { }",
    "(derivation { name = \"n\"; system = \"s\"; builder = ./x; args = [ 1 \"ä\" ./d/y ]; v = [ ./x { outPath = \"q\"; } ]; u = null; }).drvPath",
    "(derivation { name = \"n\"; system = \"s\"; builder = \"b\"; __ignoreNulls = true; u = null; w = \"ä\"; }).drvPath",
    "(derivation { name = \"n\"; system = \"s\"; builder = \"b\"; bad = x: x; }).drvPath",
    "(derivation { name = \"n\"; system = \"s\"; builder = \"b\"; args = 1; }).drvPath",
    "let x = { b = throw \"b\"; a = throw \"a\"; }; in x == { a = 1; b = 2; }",
    "let s = { l = [ 1 ]; }; in builtins.seq s.l s == { l = [ 1 ]; }",
    "let d = n: i: derivation { name = n; system = \"s\"; builder = \"b\"; inherit i; }; in \"${d \"a\" [ (d \"b\" \"\") (d \"c\" \"\") ]}\"",
]  # fmt: skip


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package `chx` that has a compiled runtime."""
    if not runtime.IS_KNOWN or runtime.compiler() is None:
        pytest.skip("the compiled runtime needs CPython, a C compiler, and the headers of Python")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "chx").mkdir()
    for name in ("__init__.py", "frozen.py", "native.py", "lang", "evaluator", "store", "builder", "cli"):
        (folder / "chx" / name).symlink_to(ROOT / name)
    runtime.compile_runtime(folder / "chx" / runtime.EXTENSION, ["-O1", "-Wall", "-Werror"])
    return folder


def observe(package: Path, expressions: list[str], *, pure: bool = False, rounds: bool = False) -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, str(OBSERVE), str(package)],
        input=json.dumps({"expressions": expressions, "rounds": rounds}),
        env={**os.environ, **(PURE if pure else {})},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    answer = json.loads(run.stdout)
    assert answer["compiled"] is not pure
    return answer


def corpus() -> list[str]:
    cases = [f" {case.expression}" for file in sorted(CASES.glob("*.txt")) for case in read_cases(file)]
    exact = [f" {split(case)[0]}" for file in sorted(EXACT.glob("*.txt")) for case in read_cases(file)]
    programs = [file.read_text() for file in sorted(PROGRAMS.glob("*.nix"))]
    return [*cases, *exact, *programs, *PROGRAM_TEXTS, *RECURSIVE]


def test_values_errors_places_and_traces_are_the_same(package: Path) -> None:
    expressions = corpus()
    compiled = observe(package, expressions)["seen"]
    pure = observe(package, expressions, pure=True)["seen"]
    assert len(compiled) == len(expressions) > 2000
    for expression, one, two in zip(expressions, compiled, pure):
        assert one == two, expression


def test_depth_and_its_end_are_the_same(package: Path) -> None:
    expressions = [*DEEP, *ENDLESS]
    compiled = observe(package, expressions)["seen"]
    pure = observe(package, expressions, pure=True)["seen"]
    for expression, one, two in zip(expressions, compiled, pure):
        # How many frames there were before the end is told by the traces, and that is not the same.
        assert [one.get(key) for key in ("value", "error", "message")] == [
            two.get(key) for key in ("value", "error", "message")
        ], expression
    assert {one["message"] for one in compiled if "message" in one} == {"stack overflow; max-call-depth exceeded"}


def test_more_depth_than_the_stack_holds_is_an_ordinary_error(package: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from chx.evaluator import Evaluator, EvalError, Options\n"
        "from chx.lang import Source\nsys.path.insert(0, sys.argv[2]); from conftest import MemoryWorld\n"
        "try: Evaluator(MemoryWorld(), Options(max_call_depth=20_000_000)).eval_source(Source('s', sys.argv[3], '/'))\n"
        "except EvalError as error: print(error.message)"
    )
    endless = "let f = n: 1 + builtins.foldl' (a: b: f b) 0 [ n ]; in f 0"
    command = [sys.executable, "-c", program, str(package), str(Path(__file__).parent), endless]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout == "stack overflow; max-call-depth exceeded\n", (run.returncode, run.stderr[-500:])


def test_no_memory_is_lost(package: Path) -> None:
    expressions = corpus()[::3] + PROGRAM_TEXTS
    compiled, pure = [observe(package, expressions, pure=pure, rounds=True)["growth"] for pure in (False, True)]
    # What both keep, such as what is known of functions, grows with every file.
    assert sum(compiled[1:]) < sum(pure[1:]) + 200, (compiled, pure)


def test_store_names_are_the_same(package: Path) -> None:
    program = Path(__file__).with_name("compare_store.py")
    run = subprocess.run([sys.executable, str(program), str(package)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "2000 compared\n"


def test_functions_have_the_same_documentation(package: Path) -> None:
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        "from chx.evaluator.builtins.help import describe_builtin; from chx.evaluator.builtins.registry import TABLE\n"
        "from chx.native import is_compiled; print(json.dumps([is_compiled, *map(describe_builtin, TABLE)]))"
    )
    command = [sys.executable, "-c", program, str(package)]
    shown = [subprocess.run(command, capture_output=True, env={**os.environ, **env}) for env in ({}, PURE)]
    compiled, pure = [json.loads(run.stdout) for run in shown]
    assert (compiled[0], pure[0]) == (True, False)
    assert compiled[1:] == pure[1:]
    assert any("`map f list`" in text for text in compiled[1:])


def test_a_failure_in_the_middle_leaves_thunks_as_they_were(package: Path) -> None:
    expression = (
        'let x = throw "again"; s = { a = x; }; in '
        "[ (builtins.tryEval x).success (builtins.tryEval s.a).success (builtins.tryEval (builtins.head [ x ])).success ]"
    )
    assert observe(package, [expression])["seen"][0]["value"] == "[ false false false ]"


def test_the_placeholder_that_is_written_down_is_the_computed_one() -> None:
    from chx.store import derivation
    from chx.store.digest import base32_encode

    assert derivation.output_placeholder("out") == f"/{base32_encode(derivation._sha256(b'nix-output:out'))}"
