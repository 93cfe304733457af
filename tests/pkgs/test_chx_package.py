"""The package `chx`: made of what a wheel is made of."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from ..cli.conftest import ROOT, Run, chx, work  # noqa: F401  # fixtures


def _constant(name: str) -> tuple[str, ...]:
    """What setup.py assigns to a name."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            found: tuple[str, ...] = ast.literal_eval(node.value)
            return found
    raise AssertionError(name)


def test_the_source_is_what_a_wheel_has(chx: Run, tmp_path: Path) -> None:  # noqa: F811
    run = chx("eval", "--raw", "-E", "(import <chx> { }).chx.src")
    assert run.returncode == 0, run.stderr
    source = tmp_path / "home/store" / run.stdout.strip().rpartition("/")[2]
    found = {str(path.relative_to(source)) for path in source.rglob("*") if not path.is_dir()}
    rooms, data, left_out = _constant("ROOMS"), _constant("DATA_FOLDERS"), _constant("NO_MODULES")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True)
    if listed.returncode or not listed.stdout:
        pytest.skip("only git knows which files belong to a checkout")
    tracked = listed.stdout.split()
    wanted = {
        name
        for name in tracked
        for top, slash, _ in [name.partition("/")]
        if (slash and top in data)
        or (slash and top in rooms and name.endswith((".py", ".lark")))
        or (not slash and (name == "py.typed" or (name.endswith(".py") and Path(name).stem not in left_out)))
    }
    assert found == wanted
