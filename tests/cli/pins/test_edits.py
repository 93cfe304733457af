"""After an edit, `chx build` builds: what the project's own files explain is a warning, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Lock, Run, Write
from .test_pins import SET, SOURCE, rewrite, sha256


@pytest.fixture
def project(chx: Run, write: Write) -> Path:
    """Three packages, all pinned and built."""
    folder = write(default=SET)
    assert chx("lock").returncode == 0
    assert chx("build", "b").returncode == 0
    return folder


def text_of(project: Path) -> str:
    return (project / "result/text").read_text()


def test_an_edit_is_built_and_linked_with_a_warning(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"second"', '"changed"'))
    for _ in range(2):  # the warning is repeated while the difference lasts
        run = chx("build", "b")
        assert run.returncode == 0, run.stderr
        assert text_of(project) == "changed"
        assert "warning[L020]: 'b' is not what chx.lock pins" in run.stderr and "error[" not in run.stderr
        assert "default.nix has changed since" in run.stderr and "--locked makes this an error" in run.stderr
    strict = chx("build", "b", "--locked")
    assert strict.returncode == 1 and "error[L020]" in strict.stderr and text_of(project) == "changed"
    for words in (("build", "b", "--check"), ("build", "b", "--dry-run")):
        assert chx(*words).returncode == 0, words
    # What the edit does not touch is as pinned.
    assert chx("build", "a", "--no-out-link").stderr == ""
    assert chx("lock", "update", "b").returncode == 0
    assert chx("build", "b").stderr == ""


def test_many_warnings_are_few_lines(chx: Run, write: Write) -> None:
    text = '{ suffix ? "" }: { ' + " ".join(f'p{n} = tree "p{n}" "{n}${{suffix}}WORD";' for n in range(20)) + " }"
    write(default=text)
    assert chx("lock").returncode == 0
    write(default=text.replace("WORD", "word"))
    run = chx("build", "--no-out-link")
    assert (
        run.returncode == 0 and run.stderr.count("warning[L020]") == 7 and "14 more are not as chx.lock" in run.stderr
    )


def test_another_chx_is_no_edit_of_the_project(
    chx: Run, project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import chx as package

    write(default=SET.replace('"second"', '"changed"'))
    monkeypatch.setattr(package, "__version__", "0.0.9")
    run = chx("build", "b")
    assert run.returncode == 1 and "error[L020]" in run.stderr and "chx itself has changed since" in run.stderr
    assert chx("build", "b", "--no-pins").returncode == 0 and text_of(project) == "changed"


def test_what_the_files_do_not_explain_is_an_error(chx: Run, project: Path, write: Write) -> None:
    """The derivation is the pinned one: an edit elsewhere in the file explains nothing."""
    write(default=SET.replace('"second"', '"changed"'))
    rewrite(project, "pins", "a", "x86_64-linux", "outputs", "out", "digest", value="blake3:" + "0" * 64)
    run = chx("build", "a")
    assert run.returncode == 1 and "error[L020]: 'a'" in run.stderr
    # A pin that was edited does not say what it was made from.
    rewrite(project, "pins", "b", "x86_64-linux", "outputs", "out", "size", value=4)
    run = chx("build", "b")
    assert run.returncode == 1 and "error[L020]: 'b'" in run.stderr and "edited or merged" in run.stderr


def test_arguments_are_no_edit(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"second"', '"changed"'))
    run = chx("build", "a", "--argstr", "suffix", "x")
    assert run.returncode == 1 and "error[L020]" in run.stderr and "with arguments" in run.stderr
    assert chx("build", "a", "--argstr", "suffix", "x", "--no-pins").returncode == 0


def test_no_pins_compares_no_outputs(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"second"', '"changed"'))
    run = chx("build", "b", "--no-pins")
    assert (run.returncode, run.stderr) == (0, "") and text_of(project) == "changed"
    rewrite(project, "pins", "a", "x86_64-linux", "outputs", "out", "digest", value="blake3:" + "0" * 64)
    assert chx("build", "a", "--no-pins").returncode == 0


def test_a_changed_source_in_an_own_file_is_a_warning(chx: Run, write: Write, work: Path) -> None:
    write({"one": "one", "two": "two", "source.nix": SOURCE})

    def expression(name: str) -> str:
        call = f'import ./source.nix {{ hash = "{sha256(name)}"; url = "file://{work}/{name}"; }}'
        return f'{{ p = tree "p" (builtins.unsafeDiscardStringContext "x" + "${{{call}}}"); }}'

    write(default=expression("one"))
    assert chx("lock").returncode == 0
    write(default=expression("two"))
    run = chx("build", "p")
    assert run.returncode == 0, run.stderr
    assert "warning[L012]" in run.stderr and f"its source 'file://{work}/two' is not in chx.lock" in run.stderr
    assert "error[L012]" in chx("build", "p", "--locked").stderr


def test_a_tree_of_the_project_is_used_as_it_is_now(chx: Run, write: Write, work: Path) -> None:
    write(
        {"words/default.nix": '"one"', "chx.toml": '[inputs]\nwords = "./words"'},
        '{ inputs, ... }: tree "t" inputs.words.outputs',
    )
    assert chx("lock").returncode == 0
    write({"words/default.nix": '"two"'})
    for words in ((), (), ("--no-pins",)):
        run = chx("build", *words)
        assert run.returncode == 0, run.stderr
        assert text_of(work) == "two" and "warning[L011]: the input 'words' is not as chx.lock has it" in run.stderr
    assert "the input 'words' has changed since" in chx("build").stderr
    assert "error[L011]" in chx("build", "--locked").stderr
    assert "error[L011]" in chx("eval", "--locked", "-f", ".", "-A", "name").stderr
    assert chx("lock", "update").returncode == 0
    assert chx("build").stderr == ""


def test_a_tree_outside_of_the_project_is_held(chx: Run, write: Write, work: Path) -> None:
    words = work.parent / "words"
    words.mkdir()
    (words / "default.nix").write_text('"one"')
    write({"chx.toml": '[inputs]\nwords = "./words"'})
    (work / "words").symlink_to("../words")
    write({}, '{ inputs, ... }: tree "t" inputs.words.outputs')
    assert chx("lock").returncode == 0
    (words / "default.nix").write_text('"two"')
    # A link in the project does not make the tree its own.
    for option in ((), ("--no-pins",), ("--locked",)):
        run = chx("build", *option)
        assert run.returncode == 1 and "error[L011]: the input 'words'" in run.stderr
    assert chx("build", "--no-lock").returncode == 0


def test_an_own_tree_that_declares_another_input_has_to_be_locked(chx: Run, write: Write) -> None:
    write(
        {
            "tool/default.nix": "{ inputs }: inputs.zoo.outputs",
            "tool/chx.toml": '[inputs]\nzoo = "./zoo"',
            "tool/zoo/default.nix": '"one"',
            "chx.toml": '[inputs]\ntool = "./tool"',
        },
        '{ inputs, ... }: tree "t" inputs.tool.outputs',
    )
    assert chx("lock").returncode == 0
    folder = write({"tool/zoo/default.nix": '"two"'})
    run = chx("build")
    assert run.returncode == 0 and text_of(folder) == "two", run.stderr
    assert "the inputs tool, tool/zoo are not as chx.lock has it" in run.stderr
    write({"tool/chx.toml": '[inputs]\nzoo = "./zoo"\nmore = "./zoo"'})
    run = chx("build")
    assert run.returncode == 1 and "error[L010]: the input 'tool/more' is not locked" in run.stderr
    assert "chx lock update tool locks it" in run.stderr
    assert chx("lock", "update", "tool").returncode == 0 and chx("build").returncode == 0


def test_locked_without_a_lock_is_an_error(chx: Run, write: Write) -> None:
    write(default=SET)
    for words in (("build", "-f", ".", "b"), ("eval", "-f", ".", "-A", "b.name"), ("build", "-E", "1")):
        run = chx(*words, "--locked")
        assert run.returncode == 1 and "--locked compares with chx.lock, and there is none" in run.stderr


def test_the_options_exclude_each_other(chx: Run, project: Path) -> None:
    for words in (("--locked", "--no-pins"), ("--no-lock", "--no-pins"), ("--no-lock", "--locked")):
        run = chx("build", "b", *words)
        assert run.returncode == 1 and "exclude each other" in run.stderr
    for option in ("--locked", "--no-pins", "--no-lock"):
        assert f"chx lock does not work with {option}" in chx("lock", option).stderr


def test_python_programs_get_the_differences(chx: Run, project: Path, write: Write, lock: Lock) -> None:
    from chx.ops import Request, Session, build

    write(default=SET.replace('"second"', '"changed"'))
    assert json.loads((project / "chx.lock").read_text()) == lock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHX_HOME", str(project.parent / "home"))
        with Session() as session:
            built = build(session, Request(file=str(project), attributes=("a", "b")))
    assert [(found.code, found.output) for found in built.differences] == [("L020", "out")]  # type: ignore[attr-defined]


def test_a_warning_is_said_once(chx: Run, write: Write) -> None:
    write(
        {"words/default.nix": '"one"', "chx.toml": '[inputs]\nwords = "./words"'},
        '{ inputs, ... }: tree "t" inputs.words.outputs',
    )
    assert chx("lock").returncode == 0
    write({"words/default.nix": '"two"'})
    told = chx("build").stderr
    assert (told.count("warning[L011]"), told.count("warning[L020]")) == (1, 1)


def test_a_warning_is_an_event_for_programs(chx: Run, project: Path, write: Write) -> None:
    write(default=SET.replace('"second"', '"changed"'))
    run = chx("build", "b", "--log-format", "json")
    events = [json.loads(line) for line in run.stderr.splitlines()]
    told = [event["text"] for event in events if event["event"] == "notice"]
    assert run.returncode == 0 and told[0].startswith("warning[L020]: 'b' is not what chx.lock pins")


def test_a_pin_that_stays_while_others_move_is_still_explained(
    chx: Run, project: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import chx as package

    write(default=SET.replace('"second"', '"changed"').replace('"first', '"other'))
    assert chx("lock", "update", "b").returncode == 0
    for _ in range(2):
        run = chx("build", "a", "uses")
        assert run.returncode == 0, run.stderr
        assert run.stderr.count("warning[L020]") == 2 and "the expression has changed since" in run.stderr
        assert chx("lock", "update", "b").returncode == 0
    # It is not so if chx is another one as well, neither now nor when others moved.
    monkeypatch.setattr(package, "__version__", "0.0.9")
    assert "chx itself has changed" in chx("build", "a").stderr
    write(default=SET.replace('"second"', '"again"').replace('"first', '"other'))
    assert chx("lock", "update", "b").returncode == 0
    run = chx("build", "a")
    assert run.returncode == 1 and "error[L020]" in run.stderr and "with another chx or other inputs" in run.stderr
