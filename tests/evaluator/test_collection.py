"""The collection and the modules that `bench/eval` measures are evaluated to what Nix 2.34.8 makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "bench" / "eval"
PACKAGES = '"2008 714 package9"'
MODULES = '"11725 fee6bf89b88ea73cfcc4e9053720927a92412aca2e7c502b64fbed9fbaf0bbc6"'


def run(program: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / program), *arguments],
        env={"PATH": os.environ["PATH"], "CHX_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )


def test_the_same_sizes_write_the_same_files(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        done = run("generate.py", str(tmp_path / name), "--packages", "12", "--modules", "5", home=tmp_path)
        assert done.returncode == 0, done.stderr
        files = sorted(file for file in (tmp_path / name).rglob("*") if file.is_file())
        trees.append({str(file.relative_to(tmp_path / name)): file.read_bytes() for file in files})
    assert trees[0] == trees[1]
    assert sum(name.startswith("packages/") for name in trees[0]) == 12


def test_a_small_size_is_measured_and_has_the_values_of_nix(tmp_path: Path) -> None:
    chx = tmp_path / "chx"
    chx.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT} "$@"\n')
    chx.chmod(0o755)
    done = run(
        "compare.py", "--chx", str(chx), "--nix-instantiate", "", "--rounds", "1", "--packages", "60", "--modules", "40",
        "--values", "packages", "modules", home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [f"packages is {PACKAGES}", f"modules is {MODULES}"]
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == ["packages", "modules"]
    for row in rows:
        warm, cold, edited = (float(cell) for cell in row[1:4])
        assert 0 < warm < cold, row
        assert 0 < edited < cold, row
