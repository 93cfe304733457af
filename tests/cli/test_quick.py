"""Questions that are answered before anything is loaded get the answers that the commands themselves give."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chx.cli.startup import store_query as quick
from chx.store import Store

from .conftest import Run
from .test_store import CHAIN

QUESTIONS = [
    ("path-info",),
    ("path-info", "--json"),
    ("path-info", "-r"),
    ("path-info", "--closure", "--json"),
    ("references",),
    ("references", "--json"),
    ("referrers",),
    ("referrers", "--json"),
    ("closure",),
    ("closure", "--json"),
]


@pytest.fixture(params=["home", "with space & 100% ü? #"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with objects that refer to each other and to themselves, and with links that look like files."""
    from ..store.conftest import build

    home = tmp_path / request.param
    monkeypatch.setenv("CHX_HOME", str(home))
    with Store.open(home) as store:
        base = store.add_bytes(b"base", "base")
        trees = {
            "out": {"bin/x": ("run", b"@out@ @dev@"), "l": ("link", b"f 00 1 x"), "ref": str(base).encode(), "e": b""},
            "dev": {"y": b"y", "\u00fc": b"z", "d": None},
        }
        built = store.add_outputs(build(store, trees), [base], None)
        store.add_bytes(str(built["out"]).encode() + str(base).encode(), "top", [built["out"], base])
        store.add_root(str(tmp_path / "result"), built["out"])
    return tmp_path


@pytest.mark.parametrize("question", QUESTIONS, ids="-".join)
def test_the_answers_are_the_same(
    place: Path, question: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from chx.cli import main

    with Store.open(os.environ["CHX_HOME"]) as store:
        objects = list(map(str, store.objects()))
    for named in ([objects[0]], objects, [objects[2], objects[1], objects[2]], [str(place / "result")]):
        words = [question[0], *named, *question[1:]]
        answer = quick.answer(words)
        assert answer is not None
        capfdbinary.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quick, "answer", lambda words: None)
            assert main(["store", *words]) == 0
        assert capfdbinary.readouterr().out.decode() == answer


def test_what_is_not_plain_is_left_to_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(os.environ["CHX_HOME"]) as store:
        path, other = map(str, store.objects()[:2])
        physical = store.physical(store.objects()[0])
    assert quick.answer(["path-info", path]) is not None
    for words in (
        ["path-info"],
        ["verify", path],
        ["path-info", "--help"],
        ["path-info", "--dot", path],
        ["closure", "--dot", path],
        ["path-info", "--", path],
        ["path-info", path, "/chx/store/none"],
        ["path-info", path[:-1]],
        ["path-info", str(place)],
        ["path-info", physical],
    ):
        assert quick.answer(words) is None, words
    os.rename(physical, physical + ".gone")
    assert quick.answer(["path-info", path]) is None
    assert quick.answer(["closure", other]) is not None
    # A store that somebody has to look after first.
    home = os.environ["CHX_HOME"]
    (Path(home) / "db" / "sharing").touch()
    assert quick.answer(["closure", other]) is None
    os.unlink(home + "/db/sharing")
    monkeypatch.setattr(quick, "current_boot", lambda: "another")
    assert quick.answer(["closure", other]) is None
    monkeypatch.setenv("CHX_HOME", home + "/nowhere")
    assert quick.answer(["closure", other]) is None and not os.path.exists(home + "/nowhere")


def test_as_a_program_it_loads_neither_argparse_nor_sqlite3(chx: Run) -> None:
    top = chx("build", "-E", CHAIN).stdout.strip()
    run = chx("store", "references", top, PYTHONPROFILEIMPORTTIME="1")
    assert run.returncode == 0 and run.stdout.endswith("-middle-2.1\n"), run.stderr
    # What a checkout needs to be found is loaded in any case.
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "_sqlite3" in loaded
    assert not loaded & {"argparse", "sqlite3", "dataclasses", "json", "chx.store.store", "chx.store.database"}


def test_disk_usage_tells_what_equal_files_save(chx: Run, work: Path) -> None:
    for name in ("one", "two"):
        (work / name).mkdir()
        (work / name / "big").write_bytes(b"x" * 40960)
        (work / name / "own").write_text(name)
    runs = [chx("store", "add", name) for name in ("one", "two")]
    one, two = (run.stdout.strip() for run in runs)
    assert runs[0].stderr == "" and "1 files became links to equal ones, which saves 41.0 kB" in runs[1].stderr
    usage = json.loads(chx("store", "du", "--json").stdout)
    assert usage["saved"] >= 40960 and usage["total"] == 2 * 40963 > usage["onDisk"] - 8 * 4096
    assert "equal files that are one save" in chx("store", "du", one, two).stdout
    facts = json.loads(chx("store", "path-info", "--disk", "--json", one).stdout)[one]
    assert facts["shared"] >= 40960 and facts["onDisk"] > facts["shared"]
