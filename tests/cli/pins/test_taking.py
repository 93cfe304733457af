"""Pinned outputs come from the store or a cache by what they are, and only while they are what is asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Lock, Run, Write

SET = """
{ inputs, ... }: builtins.trace "evaluated" rec {
  data = derivation {
    name = "data"; system = "builtin"; builder = "builtin:fetch"; url = "file://FOLDER/data";
    outputHash = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"; outputHashMode = "flat";
  };
  low = tree "low-1" "${data}";
  top = tree "top-1" (builtins.concatStringsSep " " [
    "${low}/text" (import ./inner) (builtins.readFile "${inputs.words}/x") "${./src}"
    (toString (builtins.attrNames (builtins.readDir ./names)))
    (if builtins.pathExists ./local.nix then import ./local.nix else "none")
    (import ./way/here.nix) (import ./alias.nix) (import "${builtins.path { path = ./some; filter = name: type: baseNameOf name != "left-out"; }}/x.nix")
  ]);
  other = tree "other-1" "other";
}
"""
WORDS = "trace: evaluated"


@pytest.fixture
def project(chx: Run, write: Write, work: Path, tmp_path: Path) -> Path:
    """A locked project whose source is gone, so that nothing of it can be built, and a cache that has what is pinned."""
    folder = write(
        {
            "words/x": "x", "inner/default.nix": '"inner"', "src/deep/file": "source", "names/one": "", "data": "hello\n",
            "first/here.nix": '"here"', "second/here.nix": '"here"', "some/x.nix": '"some"', "some/left-out": "",
            "chx.toml": f'[inputs]\nwords = "./words"\n[caches]\nurls = ["{tmp_path}/cache"]',
        },
        SET.replace("FOLDER", str(work)),
    )  # fmt: skip
    (work / "way").symlink_to("first")
    (work / "alias.nix").symlink_to("first/here.nix")
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    built = chx("build", "top", "other", "low")
    assert built.returncode == 0, built.stderr
    assert chx("copy", "--to", tmp_path / "cache", *built.stdout.split()).returncode == 0
    shutil.rmtree(tmp_path / "cache/trace")
    (work / "data").unlink()
    for link in work.glob("result*"):
        link.unlink()
    return folder


@pytest.fixture
def other(chx_in: Run, tmp_path: Path, work: Path) -> Run:
    """chx in the same folder with an empty store."""
    return lambda *words: chx_in(tmp_path / "other", work, *words)


def test_what_is_recorded_is_what_was_looked_at(project: Path, lock: Lock) -> None:
    files = lock()["files"]
    assert sorted(files) == sorted(
        ["<chx>", "default.nix", "inner", "inner/default.nix", "local.nix", "names", "src", "way/here.nix", "alias.nix", "first/here.nix", "some", "some/x.nix"]
    )  # fmt: skip
    assert files["local.nix"] == "missing" and files["inner"] == "directory"
    assert files["src"].startswith("tree blake3:") and files["names"].startswith("names blake3:")
    assert "-> first/here.nix" in files["alias.nix"]


def test_nothing_is_evaluated_built_or_trusted(other: Run, project: Path, tmp_path: Path, lock: Lock) -> None:
    run = other("build", "top")
    assert run.returncode == 0, run.stderr
    pinned = lock()["pins"]["top"]["x86_64-linux"]["outputs"]["out"]["path"]
    assert run.stdout == f"{pinned}\n" and WORDS not in run.stderr
    assert f"took top-1 from {tmp_path}/cache" in run.stderr and "nothing was evaluated" in run.stderr
    # What it refers to came too, and everything is what its name says.
    text = (project / "result/text").read_text()
    assert text.split()[0].endswith("-low-1/text") and (tmp_path / "other/store" / text.split("/")[3]).is_dir()
    assert other("store", "verify").returncode == 0
    assert other("build", "low").returncode == 0
    again = other("build", "top")
    assert (again.returncode, again.stderr) == (0, "")


def test_what_was_taken_has_no_history(other: Run, project: Path, write: Write) -> None:
    assert other("build", "top").returncode == 0
    run = other("provenance", "top")
    assert run.returncode == 1 and "chx build --check if it came from a cache" in run.stderr
    write({"data": "hello\n"})
    assert other("build", "top", "--check", "--no-caches").returncode == 0
    assert other("provenance", "top").returncode == 0


def test_without_a_cache_it_has_to_be_built(other: Run, project: Path) -> None:
    run = other("build", "top", "--no-caches")
    assert run.returncode == 1 and WORDS in run.stderr and "cannot fetch" in run.stderr


def test_a_changed_text_that_gives_the_same_derivation_is_evaluated_and_not_built(other: Run, project: Path) -> None:
    text = (project / "default.nix").read_text()
    (project / "default.nix").write_text(text + "# a remark\n")
    run = other("build", "top")
    assert run.returncode == 0, run.stderr
    assert WORDS in run.stderr and "took " in run.stderr and "nothing was evaluated" not in run.stderr


def test_what_would_be_taken_is_told(other: Run, project: Path, write: Write) -> None:
    (project / "default.nix").write_text((project / "default.nix").read_text() + "# a remark\n")
    run = other("build", "top", "--dry-run")
    assert run.returncode == 0 and "would be taken as it is pinned, if a cache has it: 1 package\n  top-1" in run.stdout
    assert (
        "would be fetched" in run.stdout
        and "as it is pinned" not in other("build", "top", "--dry-run", "--no-caches").stdout
    )
    assert other("build", "top").returncode == 0
    run = other("build", "top", "--dry-run")
    assert "in the store, as it is pinned: 1 package\n  top-1" in run.stdout and "would be" not in run.stdout


def put(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text)  # type: ignore[func-returns-value]


def turn(folder: Path) -> None:
    (folder / "way").unlink()
    (folder / "way").symlink_to("second")


def turn_alias(folder: Path) -> None:
    (folder / "second/here.nix").write_text('"changed"')
    (folder / "alias.nix").unlink()
    (folder / "alias.nix").symlink_to("second/here.nix")


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        (put("inner/default.nix", '"changed"'), True),
        (put("src/deep/file", "changed"), True),
        (put("src/more", ""), True),
        (lambda folder: (folder / "src/deep/file").chmod(0o755), True),
        (put("names/two", ""), True),
        (put("local.nix", '"local"'), True),
        (put("some/x.nix", '"changed"'), True),
        (put("some/left-out", "changed"), False),
        (turn, False),
        (turn_alias, True),
    ],
)  # fmt: skip
def test_a_change_never_gives_what_was_before(
    chx: Run, project: Path, write: Write, change: Callable[[Path], None], is_told: bool
) -> None:
    """With a store that has everything: what comes of the change is compared, and what comes of none is the same."""
    write({"data": "hello\n"})
    quiet = chx("build", "top", "-o", "one")
    assert quiet.returncode == 0 and WORDS not in quiet.stderr
    change(project)
    run = chx("build", "top", "-o", "two", "--locked")
    assert ("error[L020]" in run.stderr) == is_told and run.returncode == is_told
    assert WORDS in run.stderr or not is_told


def test_inputs_count(other: Run, project: Path, write: Write) -> None:
    write({"words/x": "y"})
    assert "error[L011]" in other("build", "top", "--locked").stderr
    write({"words/x": "x"})
    toml = (project / "chx.toml").read_text()
    write({"chx.toml": toml.replace('words = "./words"', "")})
    run = other("build", "top")
    assert run.returncode == 1 and WORDS in run.stderr and "'words' missing" in run.stderr


def test_arguments_are_evaluated(other: Run, project: Path) -> None:
    run = other("build", "top", "--arg", "more", "1")
    assert WORDS in run.stderr


def test_another_chx_evaluates(other: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import chx

    monkeypatch.setattr(chx, "__version__", "0.0.9")
    run = other("build", "top")
    assert run.returncode == 0 and WORDS in run.stderr


def test_what_was_edited_is_not_taken_at_its_word(chx: Run, other: Run, project: Path) -> None:
    data = json.loads((project / "chx.lock").read_text())
    pins = data["pins"]
    pins["top"]["x86_64-linux"]["outputs"] = pins["other"]["x86_64-linux"]["outputs"]
    (project / "chx.lock").write_text(json.dumps(data))
    run = chx("build", "top", "--no-caches")
    assert run.returncode == 1 and WORDS in run.stderr and "error[L020]" in run.stderr
    assert "cannot fetch" in other("build", "top").stderr
    strict = other("build", "top", "--pinned")
    assert strict.returncode == 1 and "error[L022]" in strict.stderr
    assert other("build", "other", "--pinned").returncode == 0


def test_a_cache_that_lies_is_refused(other: Run, project: Path, tmp_path: Path, lock: Lock) -> None:
    name = lock()["pins"]["other"]["x86_64-linux"]["outputs"]["out"]["path"][11:]
    wrong = lock()["pins"]["low"]["x86_64-linux"]["outputs"]["out"]["path"][11:]
    shutil.copy(tmp_path / f"cache/objects/{wrong}.zst", tmp_path / f"cache/objects/{name}.zst")
    run = other("build", "other")
    assert f"refused from {tmp_path}/cache" in run.stderr and "it describes" in run.stderr
    # It needs nothing, so it can be built instead.
    assert run.returncode == 0 and "took" not in run.stderr


def test_pinned_takes_what_is_pinned_whatever_else_is_there(other: Run, project: Path, lock: Lock) -> None:
    pinned = lock()["pins"]["top"]["x86_64-linux"]["outputs"]["out"]["path"]
    (project / "inner/default.nix").write_text("what is this?")
    run = other("build", "--pinned", "top")
    assert run.returncode == 0 and run.stdout == f"{pinned}\n"
    assert "inner/default.nix has changed since" in run.stderr
    (project / "default.nix").unlink()
    shutil.rmtree(project / "words")
    again = other("build", "--pinned", "top", "other", "--no-caches")
    assert again.returncode == 1 and "error[L023]: what is pinned as 'other'" in again.stderr
    assert lock()["pins"]["other"]["x86_64-linux"]["outputs"]["out"]["digest"] in again.stderr
    assert "'nothing' is not pinned" in other("build", "--pinned", "nothing").stderr
    everything = other("build", "--pinned")
    assert everything.returncode == 0 and len(everything.stdout.split()) == 4
    for words in (("--argstr", "a", "b"), ("--check",), ("--dry-run",), ("--no-lock",), ("--locked",), ("--no-pins",)):
        assert other("build", "--pinned", "top", *words).returncode == 1


def test_a_pin_is_only_covered_by_what_it_was_evaluated_with(chx: Run, project: Path, write: Write, lock: Lock) -> None:
    write({"data": "hello\n"})
    seal = lock()["pins"]["top"]["x86_64-linux"]["seal"]
    text = (project / "default.nix").read_text().replace('"other"', '"another"')
    (project / "default.nix").write_text(text)
    assert chx("lock", "update", "other").returncode == 0
    assert lock()["pins"]["top"]["x86_64-linux"]["seal"] != seal
    assert WORDS not in chx("build", "other", "-o", "one").stderr
    assert WORDS in chx("build", "top", "-o", "two").stderr
    assert chx("lock").returncode == 0
    assert WORDS not in chx("build", "top", "-o", "three").stderr


def test_files_of_other_places_cannot_be_recorded(chx: Run, write: Write, tmp_path: Path, lock: Lock) -> None:
    (tmp_path / "away.nix").write_text('"away"')
    write(default=f'{{ a = builtins.trace "evaluated" (tree "a" (import {tmp_path}/away.nix)); }}')
    assert chx("lock").returncode == 0
    assert "files" not in lock()
    assert WORDS in chx("build", "a").stderr


def test_all_that_the_bundled_set_reads_is_chx_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chx.ops.lock.fingerprint import SELF, first_changed, record
    from chx.ops.paths import PKGS
    from chx.ops.session import Session

    monkeypatch.setenv("CHX_HOME", str(tmp_path / "home"))
    with Session() as session:
        root = session.evaluator.auto_call(session.evaluator.eval_file(f"{PKGS}/default.nix"), {})
        for name in ("hello", "root", "tinycc"):
            assert session.evaluator.derivation_of(session.evaluator.select(root, name)) is not None
        found = record(session.world, str(tmp_path))
    assert found is not None and list(found) == [SELF] and " tree blake3:" in found[SELF][0]
    assert first_changed(found, str(tmp_path)) is None
    assert first_changed({SELF: ("0.0.9",)}, str(tmp_path)) == "chx itself"


def test_an_expression_that_is_one_package(chx: Run, chx_in: Run, write: Write, work: Path, tmp_path: Path) -> None:
    write(default='builtins.trace "evaluated" (tree "a" "x")')
    assert chx("lock").returncode == 0
    for words in ((), ("-f", "."), ("-f", "default.nix")):
        run = chx("build", *words)
        assert run.returncode == 0 and WORDS not in run.stderr, words
    shutil.copytree(work, tmp_path / "copy", symlinks=True)
    assert WORDS not in chx_in(tmp_path / "home", tmp_path / "copy", "build", "-o", "new").stderr
