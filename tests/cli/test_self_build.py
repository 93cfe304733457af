"""A system that builds itself: chx, on a Python that it has built, in a root of nothing but its packages. See docs/vm.md."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Run

PACKAGES = (*(f"cross.x86_64.{name}" for name in ("python3-chx", "chx", "dash", "toybox")), "tiny.bubblewrap")
HELLO = ("build", "--no-out-link", "--argstr", "seed", "self", "tiny.hello")

pytestmark = [
    pytest.mark.network,
    pytest.mark.sandbox,
    pytest.mark.long,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the packages are those of x86_64"),
]


def passed(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip()


def test_chx_evaluates_in_a_system_as_outside(shared_chx: Run) -> None:
    """Itself too: the package is made of the copy of chx that evaluates it."""
    wanted = "[ tiny.hello.drvPath chx.drvPath bootstrap.tiny.debian-gcc.stage2.root.drvPath ]"
    words = ("eval", "--json", "--strict", "-E", f"with import <chx> {{ }}; {wanted}")
    outside = passed(shared_chx(*words))
    assert passed(shared_chx("run", "--quiet", "--program", "chx", *PACKAGES, "--", *words)) == outside
    said = passed(shared_chx("run", "--quiet", "--program", "chx", *PACKAGES, "--", "--version"))
    assert "(/usr/bin/python3), pure Python runtime" in said and "(/usr/bin/bwrap)" in said


def _offline(chx: Run, home: Path, seeds: Path, folder: Path) -> None:
    """Fill `folder` with all that a bootstrap from the seed `self` fetches, by hash, and the pin of the seed."""
    (home / "seeds").mkdir(parents=True)
    for file in seeds.glob("self[-.]*"):
        shutil.copy(file, home / "seeds" / file.name)
    passed(chx(*HELLO))
    passed(chx("store", "mirror", folder / "files"))
    shutil.copy(seeds / "self.lock.json", folder)
    (folder / "chx.toml").write_text('[fetch]\nhashed-mirrors = ["/mnt/files"]\n')


def _within(root: Path, folder: Path, home: Path) -> list[str]:
    """The start of a command line in `root`, without a network and without anything else of this machine but /proc.

    `chx run` makes no such container: the sandboxes in it need namespaces.
    """
    from chx.builder.bubblewrap import find_bwrap

    variables = {"PATH": "/usr/bin", "CHX_HOME": "/home/chx", "HOME": "/home"}
    return [
        *(find_bwrap(), "--unshare-user", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--tmpfs", "/"),
        *("--ro-bind", f"{root}/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
        *("--bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),
        *("--ro-bind", str(folder), "/mnt", "--bind", str(home), "/home", "--chdir", "/mnt", "--clearenv"),
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
    ]


def test_a_system_builds_itself(shared_chx: Run, shared_home: Path, chx: Run, tmp_path: Path, work: Path) -> None:
    known = passed(shared_chx("build", "--no-out-link", "tiny.hello"))
    passed(shared_chx("seed", "update", "self"))
    folder, home = tmp_path / "offline", tmp_path / "inner"
    folder.mkdir()
    _offline(chx, tmp_path / "home", shared_home / "seeds", folder)

    trees = " ".join(PACKAGES)
    merged = f'with import <chx> {{ }}; lib.merge {{ name = "system"; trees = [ {trees} ]; }}'
    passed(shared_chx("build", "-E", merged, "-o", "system"))
    (home / "chx/seeds").mkdir(parents=True)
    shutil.copy(folder / "self.lock.json", home / "chx/seeds")
    run = subprocess.run(
        [*_within((work / "system").resolve(), folder, home), "chx", *HELLO],
        cwd=work, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert passed(run) == known
    assert "building tinycc-" in run.stderr and "building hello-" in run.stderr
