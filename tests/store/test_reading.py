"""A home that can only be read, and one of which folders are missing, as programs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chx.builder.bubblewrap import find_bwrap
from chx.store import MissingFolder, Store, remove_tree

ROOT = Path(__file__).resolve().parents[2]
EXPRESSION = """
let
  tree = name: content: derivation {
    inherit name; system = "builtin"; builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "file"; kind = "file"; inherit content; } ];
  };
  base = tree "base" "nothing";
in {
  inherit base;
  top = tree "top" "needs ${base} and ${./source}";
  other = tree "top" "something else";
  new = tree "new" "new";
}
"""
NO_OVERRIDE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
"""With these root is refused what modes refuse."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def run(home: Path, folder: Path, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CHX_HOME": str(home), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*before, sys.executable, str(ROOT), *words]
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, timeout=300)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A home with something built, and the folder of its expression."""
    home, folder = tmp_path / "home", tmp_path / "work"
    (folder / "source").mkdir(parents=True)
    (folder / "source/file").write_text("a source")
    (folder / "default.nix").write_text(EXPRESSION)
    done = run(home, folder, "build", "-f", ".", "top", "base", "other")
    assert done.returncode == 0, done.stderr
    yield home, folder
    remove_tree(os.fsencode(home))


@pytest.fixture(params=["modes", "a mount", "a mount without an index of the log"])
def read_only(made: tuple[Path, Path], request: pytest.FixtureRequest) -> Iterator[Run]:
    home, folder = made
    before: tuple[str, ...] = NO_OVERRIDE if os.geteuid() == 0 else ()
    if request.param == "modes":
        if before and shutil.which("setpriv") is None:
            pytest.skip("root is refused nothing here")
        subprocess.run(["chmod", "-R", "a-w", str(home)], check=True)
    else:
        bwrap = find_bwrap()
        if "without" in request.param:
            (home / "db/store.sqlite-shm").unlink(missing_ok=True)
        before = (bwrap, "--dev-bind", "/", "/", "--ro-bind", str(home), str(home))
        if subprocess.run([*before, "true"], capture_output=True).returncode:
            pytest.skip("bwrap cannot be used here")
    yield lambda *words: run(home, folder, *words, before=before)
    subprocess.run(["chmod", "-R", "u+w", str(home)], check=True)


def test_everything_that_only_reads_works_in_a_home_that_can_only_be_read(read_only: Run) -> None:
    for words in (
        ["eval", "-E", "1 + 1"],
        ["eval", "-f", ".", "-A", "top.outPath"],
        ["store", "path-info", "result"],
        ["store", "path-info", "-r", "--disk", "--json", "result"],
        ["store", "verify"],
        ["store", "du"],
        ["store", "roots"],
        ["store", "export", "-o", "export", "result"],
        ["log", "result"],
        ["ledger", "--check"],
        ["why-depends", "result", "result-2"],
        ["build", "-f", ".", "top", "base", "other"],
        ["build", "-f", ".", "top"],
        ["build", "-f", ".", "base", "--no-out-link"],
        ["gc", "-n"],
    ):
        done = read_only(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert done.stderr.count("\n") <= 1, done.stderr
    assert read_only("diff", "result", "result-3").returncode in (0, 1)


def test_everything_that_writes_is_refused_in_one_line_in_a_home_that_can_only_be_read(read_only: Run) -> None:
    for words in (
        ["build", "-f", ".", "new"],
        ["build", "-f", ".", "top", "-o", "elsewhere"],
        ["store", "add", "default.nix", "--name", "file"],
        ["store", "optimise"],
        ["store", "verify", "--repair"],
        ["gc"],
    ):
        done = read_only(*words)
        assert done.returncode == 1, f"{words}: {done.stdout}{done.stderr}"
        first, *rest = done.stderr.splitlines()
        assert "error[S008]" in first and "can only be read" in first, done.stderr
        assert len(rest) <= 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("folder", ["store", "gcroots"])
def test_a_folder_that_is_missing_is_named_and_nothing_is_done(made: tuple[Path, Path], folder: str) -> None:
    home, work = made
    (home / folder).rename(home / "elsewhere")
    for words in (["gc"], ["gc", "-n"], ["store", "verify"], ["store", "roots"], ["build", "-f", ".", "new"]):
        done = run(home, work, *words)
        assert done.returncode == 1 and "error[S009]" in done.stderr, f"{words}: {done.stdout}{done.stderr}"
        assert f"{home}/{folder}' is missing" in done.stderr
    (home / "elsewhere").rename(home / folder)
    assert run(home, work, "store", "verify").returncode == 0
    assert run(home, work, "gc").returncode == 0
    with Store.open(home) as store:
        assert len(store.roots()) == 3


def test_a_store_folder_that_is_lost_is_made_again_and_the_database_told_so(made: tuple[Path, Path]) -> None:
    home, work = made
    remove_tree(os.fsencode(home / "store"))
    with pytest.raises(MissingFolder):
        Store.open(home)
    done = run(home, work, "store", "verify", "--repair")
    assert done.returncode == 1 and "missing" in done.stdout and "was missing" in done.stderr, done.stderr
    assert run(home, work, "build", "-f", ".", "top", "base", "other").returncode == 0
    assert os.path.exists(work / "result/file")


def test_without_its_database_a_home_is_not_collected_and_told_to_have_lost_it(made: tuple[Path, Path]) -> None:
    home, work = made
    shutil.rmtree(home / "db")
    there = sorted(os.listdir(home / "store"))
    assert run(home, work, "gc").returncode == 1
    seen = run(home, work, "store", "verify")
    assert seen.returncode == 1 and all(base in seen.stdout for base in there)
    assert run(home, work, "store", "verify", "--repair").returncode == 0
    assert run(home, work, "gc").returncode == 0
    # What gave them is not known any more.
    left = {base for base in there if not base.endswith(".drv")}
    assert left == {base for base in os.listdir(home / "store") if not base.endswith(".drv")}
