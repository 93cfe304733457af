"""The record of a build answers only as long as nothing it depended on has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Run

TREE = """
derivation {
  name = "tree"; system = "builtin"; builder = "builtin:tree";
  entries = builtins.toJSON [ { path = "text"; kind = "file"; content = import ./content.nix; } ];
}
"""


@pytest.fixture
def project(work: Path, chx: Run) -> Path:
    (work / "default.nix").write_text(TREE)
    (work / "content.nix").write_text('"one"')
    return work


def spoil_the_parser_cache(home: Path) -> None:
    for base, _, files in os.walk(home / "cache"):
        for name in files:
            if "noop" not in base:
                os.unlink(os.path.join(base, name))


def test_an_equal_command_does_not_evaluate_again(chx: Run, project: Path, tmp_path: Path) -> None:
    first = chx("build", "-f", ".")
    assert first.returncode == 0, first.stderr
    spoil_the_parser_cache(tmp_path / "home")
    (tmp_path / "home/db").rename(tmp_path / "home/db-away")
    again = chx("build", "-f", ".")
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")


@pytest.mark.parametrize(
    "change",
    [
        lambda work: (work / "content.nix").write_text('"two"'),
        lambda work: (work / "default.nix").write_text(TREE.replace('"text"', '"other"')),
    ],
)
def test_a_changed_file_is_noticed(chx: Run, project: Path, change) -> None:  # type: ignore[no-untyped-def]
    first = chx("build", "-f", ".")
    change(project)
    second = chx("build", "-f", ".")
    assert second.returncode == 0
    assert second.stdout != first.stdout


def test_a_file_that_appears_is_noticed(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text(
        TREE.replace("import ./content.nix", 'if builtins.pathExists ./flag then "yes" else "no"')
    )
    first = chx("build", "-f", ".")
    (work / "flag").write_text("")
    assert chx("build", "-f", ".").stdout != first.stdout


def test_a_file_added_to_a_copied_folder_is_noticed(chx: Run, work: Path) -> None:
    (work / "source").mkdir()
    (work / "source/a").write_text("a")
    (work / "default.nix").write_text(TREE.replace("import ./content.nix", '"${./source}"'))
    first = chx("build", "-f", ".")
    assert first.returncode == 0, first.stderr
    (work / "source/b").write_text("b")
    assert chx("build", "-f", ".").stdout != first.stdout


def test_a_removed_result_link_is_made_again(chx: Run, project: Path) -> None:
    first = chx("build", "-f", ".")
    (project / "result").unlink()
    second = chx("build", "-f", ".")
    assert second.stdout == first.stdout
    assert (project / "result/text").read_text() == "one"


def test_a_removed_object_is_made_again(chx: Run, project: Path, tmp_path: Path) -> None:
    first = chx("build", "-f", ".")
    os.rename(os.path.realpath(project / "result"), tmp_path / "away")
    second = chx("build", "-f", ".")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    assert (project / "result/text").read_text() == "one"


def test_a_damaged_record_is_no_obstacle(chx: Run, project: Path, tmp_path: Path) -> None:
    first = chx("build", "-f", ".")
    for record in (tmp_path / "home/cache/noop").iterdir():
        record.write_bytes(b"\xff" + record.read_bytes()[:20])
    assert chx("build", "-f", ".").stdout == first.stdout


def test_records_do_not_pile_up(chx: Run, project: Path, tmp_path: Path) -> None:
    chx("build", "-f", ".")
    folder = tmp_path / "home/cache/noop"
    for number in range(400):
        (folder / f"old{number}").write_bytes(b"")
        os.utime(folder / f"old{number}", (1, 1))
    first = chx("build", "-f", ".", "--no-out-link")
    assert len(list(folder.iterdir())) < 250
    again = chx("build", "-f", ".", "--no-out-link")
    assert (again.stdout, again.stderr) == (first.stdout, "")
