"""Inputs: trees of this disk, archives, commits; inputs of inputs; and what an expression gets of them."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from .conftest import Lock, Repository, Run, Write

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def archive(place: Path, files: dict[str, str]) -> Path:
    """An archive with one folder around its files."""
    folder = place.with_suffix(".d")
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        (folder / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "top" / name).write_text(text)
    with tarfile.open(place, "w:gz") as tar:
        tar.add(folder / "top", "top")
    return place


def test_an_input_is_a_tree_and_an_expression(chx: Run, write: Write) -> None:
    write(
        {"words/default.nix": '{ hello = "hello"; }', "words/file": "text", "chx.toml": '[inputs]\nwords = "./words"'},
        '{ inputs, ... }: tree "t" ((import inputs.words).hello + builtins.readFile "${inputs.words}/file"'
        " + inputs.words.outputs.hello + inputs.words.hash)",
    )
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    assert chx("build").returncode == 0
    text = (write() / "result/text").read_text()
    assert text.startswith("hellotexthellosha256-")
    assert "+ input words: sha256-" in run.stdout and "+ . (x86_64-linux): t" in run.stdout


def test_the_tree_of_an_input_becomes_an_input_of_the_derivation(chx: Run, write: Write) -> None:
    write(
        {"words/file": "text", "chx.toml": '[inputs]\nwords = "./words"'}, '{ inputs }: tree "t" "${inputs.words}/file"'
    )
    assert chx("lock").returncode == 0
    shown = json.loads(chx("derivation", "show", "-f", ".").stdout)
    (drv,) = shown.values()
    assert [path[44:] for path in drv["inputSrcs"]] == ["source"]


def test_gits_folder_and_result_links_are_no_part_of_a_tree(chx: Run, write: Write, lock: Lock) -> None:
    write({"words/file": "text", "chx.toml": '[inputs]\nwords = "./words"'}, '{ inputs }: tree "t" "x"')
    assert chx("lock").returncode == 0
    before = lock()
    write({"words/.git/HEAD": "ref"})
    (write() / "words/result-2").symlink_to("/nowhere")
    assert chx("build").returncode == 0
    assert chx("lock").returncode == 0 and lock() == before
    write({"words/inner/.git": "is kept"})
    assert "error[L011]" in chx("build", "--locked").stderr


def test_an_archive_is_locked_by_its_hash(
    chx: Run, chx_in: Run, write: Write, tmp_path: Path, work: Path, lock: Lock
) -> None:
    place = archive(tmp_path / "zoo.tar.gz", {"default.nix": '"one"'})
    write({"chx.toml": f'[inputs]\nzoo = "file://{place}"'}, '{ inputs, ... }: tree "t" inputs.zoo.outputs')
    assert chx("lock").returncode == 0
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "one"
    # Another machine gets the same thing by its hash, or nothing.
    other = chx_in(tmp_path / "other", work, "build", "--no-out-link")
    assert other.returncode == 0, other.stderr
    archive(place, {"default.nix": '"two"'})
    assert chx("build", "--no-out-link").returncode == 0
    third = chx_in(tmp_path / "third", work, "build")
    assert third.returncode == 1
    assert lock()["inputs"]["zoo"]["hash"] in third.stderr and "got: sha256-" in third.stderr
    moved = chx("lock", "update", "zoo")
    assert moved.returncode == 0, moved.stderr
    assert "~ input zoo: sha256-" in moved.stdout and "~ . (x86_64-linux): t" in moved.stdout
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "two"


def test_nothing_is_fetched_by_evaluation(chx: Run, write: Write, tmp_path: Path) -> None:
    place = archive(tmp_path / "zoo.tar.gz", {"default.nix": '"one"'})
    write({"chx.toml": f'[inputs]\nzoo = "file://{place}"'}, '{ inputs, ... }: tree "t" inputs.zoo.outputs')
    run = chx("build")
    assert run.returncode == 1
    assert "error[L010]: the input 'zoo' is not locked" in run.stderr and str(place) in run.stderr
    assert "chx lock locks it" in run.stderr
    assert chx("build", "--no-lock").returncode == 0


def test_what_evaluation_does_not_touch_is_not_fetched(
    chx: Run, chx_in: Run, write: Write, tmp_path: Path, work: Path, lock: Lock
) -> None:
    used, unused = (
        archive(tmp_path / f"{name}.tar.gz", {"default.nix": f'"{name}"', "chx.toml": '[inputs]\nin = "./inner"', "inner/x": name})
        for name in ("used", "unused")
    )  # fmt: skip
    write(
        {"chx.toml": f'[inputs]\nused = "file://{used}"\nunused = "file://{unused}"\nagain = {{ follows = "used" }}'},
        """{ inputs, ... }: {
          whole = tree "whole" "${inputs.again}/default.nix";
          inner = tree "inner" (builtins.readFile "${inputs.used.inputs."in"}/x");
          names = tree "names" (inputs.unused.hash + toString (builtins.attrNames inputs));
          other = tree "other" inputs.unused.outputs;
        }""",
    )
    assert chx("lock").returncode == 0
    objects = {name: item.get("object", "")[11:] for name, item in lock()["inputs"].items()}
    (work / "chx.lock").write_text(json.dumps({**lock(), "files": {}}))  # so that everything is evaluated
    unused.unlink()
    for attribute, came in (("names", []), ("whole", ["used"]), ("inner", ["used", "used/in"])):
        home = tmp_path / f"home of {attribute}"
        run = chx_in(home, work, "build", attribute, "--no-out-link")
        assert run.returncode == 0, run.stderr
        assert [name for name, base in objects.items() if base and (home / "store" / base).exists()] == came
        assert ("fetched the input 'used'" in run.stderr) == bool(came)
    absent = chx_in(tmp_path / "fourth", work, "build", "other")
    assert absent.returncode == 1 and "cannot fetch" in absent.stderr and "unused.tar.gz" in absent.stderr
    offline = chx_in(tmp_path / "fifth", work, "eval", "-A", "other.name")
    assert offline.returncode == 0, offline.stderr
    # What is to be the same everywhere is looked for everywhere.
    assert chx_in(tmp_path / "fifth", work, "lock", "check", "names").returncode == 1


def test_a_lock_that_contradicts_itself_is_found_when_the_input_comes(
    chx: Run, chx_in: Run, write: Write, tmp_path: Path, work: Path, lock: Lock
) -> None:
    place = archive(tmp_path / "zoo.tar.gz", {"default.nix": '"one"'})
    write({"chx.toml": f'[inputs]\nzoo = "file://{place}"'}, '{ inputs, ... }: { t = tree "t" inputs.zoo.outputs; }')
    assert chx("lock").returncode == 0
    data = lock()
    data["inputs"]["zoo"]["object"] = "/chx/store/" + "0" * 32 + "-source"
    (work / "chx.lock").write_text(json.dumps(data))
    for home in ("home", "other"):
        run = chx_in(tmp_path / home, work, "build", "t")
        assert run.returncode == 1 and "the lock contradicts itself: the input 'zoo'" in run.stderr


def test_what_is_declared_and_what_is_locked_are_both_named(chx: Run, write: Write) -> None:
    write({"a/x": "", "b/x": "b", "chx.toml": '[inputs]\nin = "./a"'}, '{ inputs }: tree "t" "x"')
    assert chx("lock").returncode == 0
    write({"chx.toml": '[inputs]\nin = "./b"'})
    run = chx("build")
    assert run.returncode == 1
    assert "error[L010]" in run.stderr and "locked: ./a  (chx.lock:" in run.stderr and "declared: ./b" in run.stderr
    assert "~ input in: ./a -> ./b" in chx("lock").stdout
    assert chx("build").returncode == 0
    write({"chx.toml": ""})
    assert "- input in: sha256-" in chx("lock").stdout


@needs_git
def test_a_commit_stays_until_it_is_moved(
    chx: Run, chx_in: Run, write: Write, repository: Repository, work: Path, lock: Lock
) -> None:
    first = repository.commit({"default.nix": '"one"'})
    write(
        {"chx.toml": f'[inputs]\nzoo = {{ git = "file://{repository.place}", ref = "main" }}'},
        '{ inputs, ... }: tree "t" (inputs.zoo.outputs + inputs.zoo.revision)',
    )
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    assert lock()["inputs"]["zoo"]["revision"] == first
    second = repository.commit({"default.nix": '"two"'})
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == f"one{first}"
    assert chx_in(work.parent / "other", work, "build", "--no-out-link").returncode == 0
    assert chx("lock").returncode == 0 and lock()["inputs"]["zoo"]["revision"] == first
    moved = chx("lock", "update", "zoo")
    assert first[:12] in moved.stdout and second[:12] in moved.stdout
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == f"two{second}"


@needs_git
def test_submodules_are_a_choice(chx: Run, write: Write, repository: Repository, tmp_path: Path, lock: Lock) -> None:
    other = Repository(tmp_path / "other")
    other.commit({"x": "of the submodule"})
    repository.commit({"default.nix": "./sub/x"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.place), "sub")
    repository.commit({"more": ""})
    expression = '{ inputs, ... }: tree "t" (toString (builtins.attrNames (builtins.readDir "${inputs.zoo}/sub")))'
    place = f"file://{repository.place}"
    hashes = set()
    for declared, names in (
        (f'{{ git = "{place}" }}', ""),
        (f'{{ git = "{place}", submodules = true }}', "x"),
        (f'"git+{place}?ref=main&submodules=1"', "x"),
    ):
        write({"chx.toml": f"[inputs]\nzoo = {declared}"}, expression)
        assert chx("lock", "update").returncode == 0
        assert chx("build").returncode == 0 and (write() / "result/text").read_text() == names
        assert lock()["inputs"]["zoo"]["from"].get("submodules", False) == bool(names)
        hashes.add(lock()["inputs"]["zoo"]["hash"])
    assert len(hashes) == 2
    write({"chx.toml": '[inputs]\nzoo = { path = "./x", submodules = true }'})
    assert "has 'submodules', which has no meaning there" in chx("lock").stderr
    write({"chx.toml": f'[inputs]\nzoo = {{ git = "{place}", submodules = "yes" }}'})
    assert "error[L001]" in chx("lock").stderr


@pytest.fixture
def nested(write: Write, tmp_path: Path) -> Path:
    """A project with an input `tool` that has inputs `zoo` (locked as "old") and `own`."""
    place = tmp_path / "zoo.tar.gz"
    write(
        {
            "tool/chx.toml": f'[inputs]\nzoo = "file://{place}"\nown = "./inner"\nagain = {{ follows = "own" }}',
            "tool/inner/default.nix": '"inner"',
            "tool/default.nix": '{ inputs, ... }: with inputs; zoo.outputs + " " + own.outputs + " " + again.outputs',
            "chx.toml": '[inputs]\ntool = "./tool"',
        },
        '{ inputs, ... }: tree "t" inputs.tool.outputs',
    )
    return archive(place, {"default.nix": '"old"'})


def test_inputs_of_inputs_are_as_their_own_lock_says(
    chx: Run, chx_in: Run, nested: Path, work: Path, lock: Lock
) -> None:
    tool = work / "tool"
    made = chx_in(work.parent / "home", tool, "lock", "-f", "default.nix")
    # An expression without packages has inputs all the same.
    assert made.returncode == 0, made.stderr
    assert (tool / "chx.lock").exists()
    keep = nested.with_name("kept.tar.gz")
    shutil.copy(nested, keep)
    archive(nested, {"default.nix": '"new"'})
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    assert sorted(lock()["inputs"]) == ["tool", "tool/again", "tool/own", "tool/zoo"]
    assert lock()["inputs"]["tool/again"] == {"follows": "tool/own"}
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "old inner inner"
    assert "~ input tool/zoo" in chx("lock", "update", "tool/zoo").stdout
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "new inner inner"


def test_inputs_of_inputs_can_be_overridden(chx: Run, nested: Path, write: Write, work: Path, lock: Lock) -> None:
    write(
        {
            "mine/default.nix": '"mine"',
            "chx.toml": '[inputs]\nmine = "./mine"\n[inputs.tool]\npath = "./tool"\n'
            'inputs = { zoo = { follows = "mine" }, own = "./mine" }',
        }
    )
    run = chx("lock")
    assert run.returncode == 0, run.stderr
    assert lock()["inputs"]["tool/zoo"] == {"follows": "mine"}
    assert lock()["inputs"]["tool/own"]["from"] == {"base": ".", "path": "./mine"}
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "mine mine mine"
    write({"mine/default.nix": '"moved"'})
    moved = chx("build", "--locked")
    assert "error[L011]: the input 'mine'" in moved.stderr and "~ default.nix: 6 B -> 7 B" in moved.stderr
    moved = chx("lock", "update")
    assert moved.returncode == 0, moved.stderr
    assert "~ input mine" in moved.stdout and "~ input tool/own" in moved.stdout
    assert chx("build").returncode == 0 and (work / "result/text").read_text() == "moved moved moved"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ('a = { follows = "b" }\nb = { follows = "a" }', "follow each other in a circle: a -> b -> a"),
        ('a = { follows = "c" }', "follows 'c', and there is no such input"),
        ('a = { path = "./a", inputs = { x = "./a" } }', "'a' has no input 'x' to override"),
        ('a = "./absent"', "there is no '"),
        ('out = "./leaving"', "is outside of it: '../a'"),
        ('around = "./around"', "is outside of it: '.'"),
        ('a = "file:///absent/x.tar.gz"', "cannot fetch file:///absent/x.tar.gz"),
        ('a = { git = "file:///absent/repository" }', "git: "),
    ],
)
def test_inputs_that_cannot_be(chx: Run, write: Write, inputs: str, told: str) -> None:
    write(
        {
            "a/x": "",
            "leaving/chx.toml": '[inputs]\na = "../a"',
            "around/chx.toml": '[inputs]\nself = "."',
            "chx.toml": f"[inputs]\n{inputs}",
        },
        '{ inputs }: tree "t" "x"',
    )
    run = chx("lock")
    assert run.returncode == 1
    assert told in run.stderr and "Traceback" not in run.stderr and "internal error" not in run.stderr


def test_an_input_changed_in_the_store_is_noticed(chx: Run, write: Write, tmp_path: Path, lock: Lock) -> None:
    place = archive(tmp_path / "zoo.tar.gz", {"default.nix": '"one"'})
    write({"chx.toml": f'[inputs]\nzoo = "file://{place}"'}, '{ inputs, ... }: tree "t" inputs.zoo.outputs')
    assert chx("lock").returncode == 0
    file = tmp_path / "home/store" / lock()["inputs"]["zoo"]["object"].rpartition("/")[2] / "default.nix"
    file.chmod(0o644)
    file.write_text('"two"')
    run = chx("lock", "check")
    assert run.returncode == 1
    assert "error[L021]: the input 'zoo' was changed" in run.stderr and "default.nix: has other content" in run.stderr


def test_a_link_to_a_tree_is_that_tree(chx: Run, write: Write, work: Path) -> None:
    write(
        {"there/x": "x", "there/.git/HEAD": "", "chx.toml": '[inputs]\nin = "./link"'},
        '{ inputs }: tree "t" (builtins.readFile "${inputs.in}/x")'.replace("inputs.in", 'inputs."in"'),
    )
    (work / "link").symlink_to("there")
    assert chx("lock").returncode == 0
    assert chx("build").returncode == 0
    (work / "there/x").write_text("y")
    assert "error[L011]" in chx("build", "--locked").stderr


def test_names_in_a_lock_are_no_expressions() -> None:
    from chx.lang import Source, parse
    from chx.ops.lock.document import LockedInput
    from chx.ops.lock.inputs_nix import inputs_expression
    from chx.ops.lock.manifest import Declared
    from chx.store import StorePath

    nasty = '"; x = abort "${1}'
    item = LockedInput(Declared(path="."), None, nasty, nasty, StorePath("0" * 32, "source"))
    text = inputs_expression({nasty: item, f"{nasty}/\\": item})
    parse(Source("x", text, "/"))
    assert "${1}" not in text.replace("\\${1}", "")


def test_a_project_that_is_not_locked_yet_is_one(chx: Run, write: Write) -> None:
    write({"a/x": "x", "chx.toml": '[inputs]\nmine = "./a"'}, '{ inputs, ... }: { t = tree "t" "${inputs.mine}/x"; }')
    run = chx("build", "t")
    assert run.returncode == 1 and "error[L010]: the input 'mine' is not locked" in run.stderr
    assert chx("lock").returncode == 0 and chx("build", "t").returncode == 0
    write({"chx.toml": "[caches]\nurls = [ ]  # no inputs"})
    (write() / "chx.lock").unlink()
    assert "in the bundled package set" in chx("build", "t").stderr


@needs_git
@pytest.mark.parametrize("name", ["has#hash", "has?question", "a & b", "100%25"])
def test_a_repository_may_lie_in_a_folder_of_any_name(
    chx: Run, write: Write, repository: Repository, tmp_path: Path, name: str
) -> None:
    repository.commit({"default.nix": '"one"'})
    place = tmp_path / name
    shutil.copytree(repository.place, place)
    write({"chx.toml": f'[inputs]\nzoo = {{ git = "{place}", ref = "main" }}'}, '{ inputs, ... }: tree "t" "x"')
    run = chx("lock")
    assert run.returncode == 0, run.stderr


def test_a_url_of_a_repository_with_a_fragment_is_refused_where_it_is_written(chx: Run, write: Write) -> None:
    write({"chx.toml": '[inputs]\nzoo = { git = "file:///has#hash" }'}, '{ inputs, ... }: tree "t" "x"')
    run = chx("lock")
    assert run.returncode == 1
    assert "chx.toml': 'inputs.zoo' has a repository with a '#' in its URL: file:///has#hash" in run.stderr
    assert "is written %23" in run.stderr
