"""A file that chx reads and that is not what it should be is named, whatever is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chx.cli import main
from chx.store import Derivation, Store

DEEP = 200_000
GARBAGE = {
    "deep": b"[" * DEEP,
    "deep-objects": b'{"inputs":' * DEEP,
    "number": b'{"format": ' + b"9" * 5000 + b"}",
    "list": b"[1, 2]",
    "number-alone": b"1e999",
    "bytes": bytes(range(256)),
    "empty": b"",
}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The report of a command that fails as it should."""
    status = main(list(words))
    out, err = capsys.readouterr()
    assert status == 1, (status, out, err)
    assert "Traceback" not in err and "bug in chx" not in err and "defect of chx" not in err and "B099" not in err, err
    return err


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("command", [["build"], ["lock"], ["lock", "check"]], ids=" ".join)
def test_a_lock_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str, command: list[str]) -> None:
    (work / "default.nix").write_text('derivation { name = "x"; system = "builtin"; builder = "builtin:tree"; }')
    (work / "chx.lock").write_bytes(GARBAGE[kind])
    assert "chx.lock" in refused(capsys, *command)


TABLES = {
    "deep": b"[inputs]\na = " + b"[" * DEEP,
    "number": b"[inputs]\na = " + b"9" * 5000,
    "key": b"[inputs]\n" + b"a." * DEEP + b"b = 1",
    "type": b"inputs = 1",
    "bytes": b"[inputs]\n\xff\xfe",
    "syntax": b"[inputs\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_configuration_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    (work / "default.nix").write_text("{ inputs }: 1")
    (work / "chx.toml").write_bytes(TABLES[kind])
    assert "chx.toml" in refused(capsys, "lock")


@pytest.mark.parametrize("kind", GARBAGE)
def test_the_lock_of_a_seed_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    folder = work.parent / "home/seeds"
    folder.mkdir(parents=True)
    (folder / "self.lock.json").write_bytes(GARBAGE[kind])
    assert "self.lock.json" in refused(capsys, "seed", "show", "self")
    assert "self.lock.json" in refused(capsys, "seed", "list")


def test_a_seed_that_was_captured_is_shown(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = work.parent / "home/seeds"
    folder.mkdir(parents=True)
    half = {"path": f"/chx/store/{'a' * 32}-x", "files": 1, "size": 2}
    captured = {"compiler": "cc 1", "missing": [], "toolchain": half, "userland": half}
    (folder / "host.lock.json").write_text(json.dumps(captured))
    assert main(["seed", "show", "host"]) == 0
    assert half["path"] in capsys.readouterr().out


SEED = {
    "files": [{"package": "a", "version": "", "url": "a", "sha256": "00", "size": 1}],
    "toolchain": ["a"],
    "userland": ["a"],
    "made": {"stage": 2, "set": "tiny", "from": "x"},
}


@pytest.mark.parametrize(
    "change",
    [
        {"files": 1},
        {"files": [1]},
        {"files": [{}]},
        {"toolchain": 1},
        {"userland": [1]},
        {"made": 1},
        {"made": {"set": []}},
    ]
    + [{"files": [{**SEED["files"][0], name: value}]} for name in ("package", "url", "sha256") for value in (1, None)]
    + [{"files": [{**SEED["files"][0], "size": value}]} for value in ("1", None, 1.5, -1, True)],
    ids=json.dumps,
)
def test_each_field_of_the_lock_of_a_seed_has_its_type(
    work: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object]
) -> None:
    folder = work.parent / "home/seeds"
    folder.mkdir(parents=True)
    (folder / "self.lock.json").write_text(json.dumps(SEED))
    assert main(["seed", "show", "self"]) == 0
    (folder / "self.lock.json").write_text(json.dumps({**SEED, **change}))
    assert "self.lock.json" in refused(capsys, "seed", "show", "self")


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_stored_derivation_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    with Store.open(os.environ["CHX_HOME"]) as store:
        path = store.add_bytes(GARBAGE[kind], "x.drv", ())
        physical = store.physical(path)
    for words in (["derivation", "show"], ["build"], ["why"]):
        for name in (str(path), physical):
            assert f"'{physical}' is not a derivation" in refused(capsys, *words, name)


def test_a_damaged_log_is_named(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from chx.builder.log import log_path

    with Store.open(os.environ["CHX_HOME"]) as store:
        path = store.add_derivation(Derivation("x", "s", "b"))
        place = log_path(store.home, path) + ".gz"
    os.makedirs(os.path.dirname(place))
    with open(place, "wb") as file:
        file.write(b"no gzip")
    assert place in refused(capsys, "log", str(path))


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_proof_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    (work / "proof.json").write_bytes(GARBAGE[kind])
    for words in (["--check-proof", "proof.json"], ["--replay", "proof.json"]):
        assert "proof.json" in refused(capsys, "bootstrap", *words)
    assert main(["provenance", "verify", "proof.json"]) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.err and "bug in chx" not in said.err


@pytest.mark.parametrize("kind", GARBAGE)
def test_an_expression_is_named(work: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    (work / "x.nix").write_bytes(GARBAGE[kind])
    assert "x.nix" in refused(capsys, "eval", "--json", "x.nix") or kind in ("list", "number-alone")
