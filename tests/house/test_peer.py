"""A comparison with Nix is one with what Nix said, to exactly that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .. import peer
from ..peer import NoAnswer, Peer

TESTS = Path(__file__).resolve().parents[1]
ASK = ("--eval", "--expr", "1")


@pytest.fixture
def program(tmp_path: Path) -> str:
    """What calls itself Nix, and repeats its words, its input and a file."""
    file = tmp_path / "nix-instantiate"
    file.write_text(
        '#!/bin/sh\ntest "$1" != --version || { echo "nix-instantiate (Nix) 2.99.1"; exit; }\n'
        'echo "$@"; echo "trace: $NIX_REMOTE" >&2; echo "$PWD/x" >&2; cat; exit 3\n'
    )
    file.chmod(0o755)
    return str(file)


@pytest.fixture
def file(tmp_path: Path, program: str) -> Path:
    """Two answers of that program."""
    file = tmp_path / "answers" / "some.json"
    (tmp_path / "it.nix").write_text("1")
    asked = Peer(file, program, renews=True)
    asked.answer(*ASK, input="read")
    asked.answer("it.nix", files=["it.nix"], folder=tmp_path)
    asked.finish(is_whole=True)
    return file


def test_what_is_recorded_is_answered_where_there_is_no_nix(file: Path, tmp_path: Path) -> None:
    recorded = Peer(file, None, renews=False)
    answer = recorded.answer(*ASK, input="read")
    assert (answer.status, answer.output, answer.traces) == (3, "--eval --expr 1\nread", ["dummy://"])
    assert recorded.answer("it.nix", files=["it.nix"], folder=tmp_path).errors == f"trace: dummy://\n{tmp_path}/x\n"
    text = file.read_text()
    assert "2.99.1" in text and str(tmp_path) not in text


def test_another_command_input_or_file_has_no_answer(file: Path, tmp_path: Path) -> None:
    recorded = Peer(file, None, renews=False)
    for words, text in ((ASK, ""), ((*ASK, "x"), "read"), (("--eval", "--expr", "2"), "read")):
        with pytest.raises(NoAnswer, match="no recorded answer to `nix-instantiate --eval --expr"):
            recorded.answer(*words, input=text)
    (tmp_path / "it.nix").write_text("2")
    with pytest.raises(NoAnswer):
        recorded.answer("it.nix", files=["it.nix"], folder=tmp_path)


def test_where_nix_is_it_is_asked_and_nothing_is_written(file: Path, program: str) -> None:
    before = file.read_text()
    asked = Peer(file, program, renews=False)
    assert asked.answer("new").output == "new\n"
    asked.finish(is_whole=True)
    assert file.read_text() == before


def test_part_of_the_tests_renews_part_of_the_answers(file: Path, program: str) -> None:
    for is_whole, count in ((False, 3), (True, 1)):
        asked = Peer(file, program, renews=True)
        asked.answer("new")
        asked.finish(is_whole=is_whole)
        assert len(Peer(file, None, renews=False).questions) == count


def test_answers_of_an_old_nix_or_from_elsewhere_are_refused(file: Path) -> None:
    document = json.loads(file.read_text())
    for change in ({"version": "nix-instantiate (Nix) 2.33.9"}, {"environment": {"NIX_REMOTE": "daemon"}}):
        file.write_text(json.dumps(document | change))
        with pytest.raises(ValueError):
            Peer(file, None, renews=False)
    assert peer.is_recent("nix-instantiate (Nix) 3.0pre") and not peer.is_recent("chx 2.34.0")


def test_all_recorded_answers_are_of_a_recent_nix() -> None:
    files = sorted(TESTS.glob("*/answers/*.json"))
    assert len(files) == 11
    for file in files:
        assert Peer(file, None, renews=False).questions, file
