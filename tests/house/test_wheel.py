"""The wheel holds every module and every data file of the checkout, and the parser's table."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from .. import runtime

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "lang",
    "evaluator",
    "store",
    "apk",
    "oci",
    "disk",
    "builder",
    "remote",
    "arch",
    "ops",
    "cli",
    "pkgs",
    "templates",
    "docs/tutorial",
    "docs/howto",
    "docs/concepts",
    "docs/reference",
)
KINDS = (".py", ".lark", ".nix", ".json", ".patch", ".h", ".toml", ".md", ".c", "gitignore")

BESIDE = ("setup.py", "pyproject.toml", "README.md", "MANIFEST.in", "conftest.py")
"""What belongs to the making of the wheel, and not into it."""


def tracked() -> list[str]:
    """The files of the checkout that git knows, or all of them where there is no git."""
    run = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, text=True, capture_output=True)
    if run.returncode == 0 and run.stdout:
        return run.stdout.split()
    return [
        os.path.relpath(os.path.join(base, name), ROOT)
        for room in ROOMS
        for base, _, names in os.walk(ROOT / room)
        for name in names
        if "__pycache__" not in base
    ]


SOURCES = ("runtime", "man")
"""What is compiled into the wheel, or installed beside it."""


def copy_of_checkout(source: Path) -> list[str]:
    """Copy what the wheel is made of: building leaves folders of its own behind. The names of the files."""
    source.mkdir()
    files = [
        *tracked(),
        "pyproject.toml",
        "setup.py",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "py.typed",
        "__init__.py",
        "__main__.py",
        "conftest.py",
        "frozen.py",
        "native.py",
        "signatures.py",
    ]
    for name in (*files, *[str(path.relative_to(ROOT)) for room in SOURCES for path in (ROOT / room).iterdir()]):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return files


def wheel_of(folder: Path, environment: dict[str, str]) -> tuple[set[str], list[str]]:
    """The names in a wheel made of the checkout, and the files of the checkout."""
    source = folder / "any name"
    files = copy_of_checkout(source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder / "out"), str(source)]
    run = subprocess.run(command, text=True, capture_output=True, env={**os.environ, **environment})
    assert run.returncode == 0, run.stderr
    (wheel,) = (folder / "out").iterdir()
    return set(zipfile.ZipFile(wheel).namelist()), files


@pytest.mark.network
def test_the_wheel_holds_the_whole_tree(tmp_path: Path) -> None:
    inside, files = wheel_of(tmp_path, {})
    wanted = {f"chx/{name}" for name in files if name.endswith(KINDS) and name not in BESIDE and (ROOT / name).exists()}
    assert wanted - inside == set()
    assert {"chx/setup.py", "chx/conftest.py"} & inside == set()
    assert "chx/py.typed" in inside
    assert "chx/lang/table.bin" in inside
    assert any(name.endswith(".data/scripts/chx") for name in inside)
    pages = {name.rpartition("/")[2] for name in inside if ".data/data/share/man/man1/" in name}
    assert pages == {path.name for path in (ROOT / "man").iterdir()}
    stray = {
        name for name in inside if name.split("/")[0] != "chx" and ".dist-info/" not in name and ".data/" not in name
    }
    assert stray == set()
    compiled = {name for name in inside if name.endswith(".so")}
    knows_runtime = runtime.IS_KNOWN and has_compiler()
    assert len(compiled) == knows_runtime, compiled


def has_compiler() -> bool:
    """Whether a program for Python can be compiled here."""
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    return shutil.which(command) is not None and headers.exists()


@pytest.mark.network
def test_without_a_compiler_the_wheel_is_made_of_python_alone(tmp_path: Path) -> None:
    inside, _ = wheel_of(tmp_path, {"CC": "/bin/false"})
    assert not [name for name in inside if name.endswith(".so")]
    assert "chx/native.py" in inside


def published(run: Callable[..., str], wheel: Path) -> Path:
    """The wheel as it is published: for all distributions whose libc is as new as this one's, and otherwise the same."""
    auditwheel = (sys.executable, "-m", "auditwheel")
    assert re.search(r'"(many|musl)linux_\d+_\d+_', run(*auditwheel, "show", wheel))
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    run(*auditwheel, "repair", "-w", wheel.parent / "published", wheel, PATH=path)
    (repaired,) = (wheel.parent / "published").iterdir()
    assert re.search(r"-(many|musl)linux_\d+_\d+_\w+\.whl$", repaired.name)
    before, after = zipfile.ZipFile(wheel), zipfile.ZipFile(repaired)
    names = [name for name in before.namelist() if not name.endswith(("/RECORD", "/WHEEL"))]
    assert {name for name in after.namelist() if not name.endswith(("/RECORD", "/WHEEL", "/"))} == set(names)
    for name in names:
        assert before.read(name) == after.read(name), name
        modes = [archive.getinfo(name).external_attr >> 16 for archive in (before, after)]
        assert modes[0] == modes[1], name
    return repaired


@pytest.mark.network
@pytest.mark.sandbox
def test_from_the_source_distribution_comes_a_wheel_that_does_the_main_job(tmp_path: Path, shared_home: Path) -> None:
    """`python -m build && pip install dist/*.whl && chx build tinycc`, and the wheel is that of the checkout."""
    source = tmp_path / "source"
    copy_of_checkout(source)

    def run(*command: object, **variables: str) -> str:
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, env={**os.environ, **variables}, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "build", "-o", tmp_path / "dist", source)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    inside, _ = wheel_of(tmp_path, {})
    assert set(zipfile.ZipFile(wheel).namelist()) == inside
    if runtime.IS_KNOWN and has_compiler():
        wheel = published(run, wheel)
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/pip", "install", "-q", f"{wheel}[bwrap]")
    if runtime.IS_KNOWN and has_compiler():
        run(tmp_path / "venv/bin/python", ROOT / "tests/installed.py")
    # Also by a link that lies beside another interpreter.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to("/bin/false")
    (tmp_path / "bin/chx").symlink_to(tmp_path / "venv/bin/chx")
    run(tmp_path / "bin/chx", "build", "tinycc", CHX_HOME=str(shared_home))
    assert "tcc version" in run(tmp_path / "result/bin/tcc", "-version")
