"""Native against cross: what another system compiled beside the last stage."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from chx.evaluator import EvalError
from chx.lang import Source
from chx.ops.bootstrap import Outcome, Package
from chx.ops.bootstrap import crossing as crossings
from chx.ops.bootstrap.crossing import Crossed, Crossing, Divergence, compare_crossing, crossing_of
from chx.ops.request import Request
from chx.ops.session import Session
from chx.store import StorePath

SET = """
{ system ? builtins.currentSystem }:
let
  tree = name: derivation { inherit name; system = "builtin"; builder = "builtin:tree"; entries = "[]"; };
in
{
  empty.cross.aarch64.other = tree "other";
  broken.cross.aarch64 = throw "there is no such compiler";
  tiny.cross.aarch64 = { a = tree "a-from-${system}"; b = tree "b"; compiler = tree "c"; mkDerivation = x: x; };
}
"""
HERE = f"{os.uname().machine}-linux"
CHAINS = [SimpleNamespace(stages=({"a": None}, {"a": None, "b": None, "d": None}))]
NATIVE = pytest.mark.skipif(HERE == "aarch64-linux", reason="aarch64 is another machine in these tests")


def crossing(name: str = "tiny", system: str | None = "aarch64-linux") -> Crossing | Crossed | None:
    with Session(system=system) as session:
        found = crossing_of(session, Request(expr=SET), name, CHAINS)
        if isinstance(found, Crossing):
            session.world.commit()
            names = {
                item: session.store.derivation(package.derivation).name for item, package in found.packages.items()
            }
            assert names == {"a": f"a-from-{found.system}", "b": "b"}
        return found


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHX_HOME", str(tmp_path))


@NATIVE
def test_this_machine_compiles_for_the_one_that_is_emulated() -> None:
    found = crossing()
    assert isinstance(found, Crossing)
    assert (found.system, found.architecture) == (HERE, "aarch64")


def test_nothing_is_compared_unless_a_system_is_named() -> None:
    assert crossing(system=None) is None


def test_a_machine_that_is_named_itself_is_compared_with_one_that_it_emulates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossings, "emulator_of", lambda system: "qemu" if system == "s390x-linux" else None)
    monkeypatch.setattr(crossings, "machine_system", lambda: "aarch64-linux")
    found = crossing()
    assert isinstance(found, Crossed) and found.holds is None
    assert found.obstacle is not None and "runs no programs of another system" in found.obstacle
    monkeypatch.setattr(crossings, "emulator_of", lambda system: "qemu" if system == "riscv64-linux" else None)
    found = crossing()
    assert isinstance(found, Crossing) and found.system == "riscv64-linux"


@NATIVE
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", "has no package of the stage"),
        ("broken", "there is no such compiler"),
        ("missing", "'missing.cross.aarch64' to compare with"),
    ],
)
def test_what_cannot_be_compared_is_told_and_is_no_verdict(name: str, reason: str) -> None:
    found = crossing(name)
    assert isinstance(found, Crossed)
    assert found.holds is None and reason in str(found.obstacle)


def path(text: str) -> StorePath:
    return StorePath.parse(f"/chx/store/{text * 32}-p")


def test_equal_paths_hold_and_others_name_their_seeds() -> None:
    drv = {name: StorePath.parse(f"/chx/store/{name * 32}-p.drv") for name in "ab"}
    packages = {name: Package(drv[name], ("out",)) for name in "ab"}
    realised = {(drv["a"], "out"): path("1"), (drv["b"], "out"): path("2")}
    told = Crossing("x86_64-linux", "aarch64", packages)
    one = Outcome("one", ({}, {"a": path("1"), "b": path("2"), "c": path("9")}))
    assert compare_crossing(told, [one], realised) == Crossed("x86_64-linux", "aarch64", ("a", "b"), ())
    assert compare_crossing(told, [one], realised).holds is True
    two = Outcome("two", ({}, {"a": path("3"), "b": path("2")}))
    three = Outcome("three", ({}, {"a": path("3")}))
    found = compare_crossing(told, [one, two, three], realised)
    assert found.holds is False
    assert found.divergences == (
        Divergence("a", path("1"), ((path("3"), ("two", "three")),)),
        Divergence("b", path("2"), ((None, ("three",)),)),
    )


@pytest.mark.skipif(HERE != "x86_64-linux", reason="the expression is for x86-64")
def test_what_a_machine_compiles_for_itself_are_its_own_packages() -> None:
    text = "with import <chx> { }; tiny.cross.x86_64.dash.drvPath == bootstrap.tiny.debian-gcc.stage2.packages.dash.drvPath"
    with Session() as session:
        evaluator = session.evaluator
        assert evaluator.eval_source(Source("«test»", text, "/")) is True
        with pytest.raises(EvalError, match="tcc makes no programs for ppc64le; it does for aarch64, riscv64, x86_64"):
            evaluator.eval_source(Source("«test»", "(import <chx> { }).tiny.cross.ppc64le.dash.drvPath", "/"))
