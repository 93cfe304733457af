"""Modules that fast commands load: each costs a tenth of a millisecond or more. A module more here is a decision."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chx import native

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import sys
from chx.cli import main
status = main(sys.argv[1:])
assert status == 0, status
sys.stderr.write(" ".join(sorted(name for name in sys.modules if name.split(".")[0] == "chx")))
"""
EXPRESSION = 'derivation { name = "n"; system = builtins.currentSystem; builder = "builtin:tree"; entries = "[]"; outputs = ["out"]; }'
NOTHING_TO_DO = """
chx chx.cli chx.cli.main chx.cli.startup chx.cli.startup.result_cache chx.signatures
"""
EVALUATION = """
chx chx.cli chx.cli.commands chx.cli.eval chx.cli.main chx.cli.options chx.cli.options.evaluation
chx.cli.options.language chx.cli.output chx.cli.progress chx.cli.progress.late chx.cli.startup chx.cli.startup.quick_args chx.evaluator
chx.evaluator.builtins chx.evaluator.builtins.library chx.evaluator.builtins.registry chx.evaluator.codegen
chx.evaluator.codegen.compiled chx.evaluator.coerce chx.evaluator.compiling chx.evaluator.context
chx.evaluator.equality chx.evaluator.errors chx.evaluator.evaluator chx.evaluator.force chx.evaluator.inequality
chx.evaluator.loader chx.evaluator.operators chx.evaluator.printing chx.evaluator.recursion chx.evaluator.session
chx.evaluator.trace chx.evaluator.values chx.frozen chx.lang chx.lang.errors chx.lang.source chx.native chx.ops
chx.ops.errors chx.ops.instantiation chx.ops.paths chx.ops.request chx.ops.select chx.ops.session chx.ops.sources
chx.ops.world chx.signatures
"""
STORE_QUERY = """
chx chx.cli chx.cli.main chx.cli.output chx.cli.render chx.cli.render.objects chx.cli.startup
chx.cli.startup.store_query chx.frozen chx.native chx.ops chx.ops.paths chx.signatures chx.store chx.store.boot_id
chx.store.closure chx.store.digest chx.store.errors chx.store.path chx.store.queries
"""


@pytest.fixture
def loaded(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run a command in a fresh process; the modules of chx that it loaded."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "chx").symlink_to(ROOT)
    environment = {**os.environ, "CHX_HOME": str(tmp_path / "home"), "PYTHONPATH": str(site)}

    def run(*words: str) -> tuple[str, list[str]]:
        command = [sys.executable, "-c", PROBE, *words]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr.split("\n")[-1].split()

    return run


def test_a_build_that_has_nothing_to_do_loads_next_to_nothing(loaded) -> None:  # type: ignore[no-untyped-def]
    command = ("build", "--no-out-link", "-E", EXPRESSION)
    path, _ = loaded(*command)
    assert loaded(*command) == (path, NOTHING_TO_DO.split())
    query = loaded("store", "path-info", path.strip())[1]
    assert query == STORE_QUERY.split()


@pytest.mark.skipif(native.is_compiled, reason="the compiled runtime stands in for other modules")
def test_an_evaluation_loads_neither_store_nor_builder(loaded) -> None:  # type: ignore[no-untyped-def]
    loaded("eval", "-E", "1")
    # An evaluation that takes long, as any does on a busy machine, loads what bounds its memory.
    found = [loaded("eval", "-E", "1") for _ in range(5)]
    assert min(found, key=lambda run: len(run[1])) == ("1\n", EVALUATION.split())


def test_an_evaluation_that_takes_a_while_ends_as_quickly_as_others() -> None:
    """With `threading` loaded, `cli/chx` lets Python take all values apart, a fifth of the time of such an evaluation."""
    program = (
        "import sys, time\n"
        "from chx.evaluator import run_deep\n"
        "from chx.evaluator.recursion import PATIENCE\n"
        "run_deep(lambda: time.sleep(2 * PATIENCE))\n"
        "print('chx.evaluator.memory' in sys.modules, 'threading' in sys.modules)\n"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import runpy; runpy.run_path({str(ROOT / '__main__.py')!r})['_from_checkout']()\n{program}",
        ],
        capture_output=True,
        text=True,
    )
    assert run.stdout.split() == ["True", "False"], run.stderr
