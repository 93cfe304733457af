"""Bad input gives a clear report with its place, exit status 1, and no traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Run


def failed(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 1, (run.returncode, run.stdout, run.stderr)
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    return run.stderr


def test_a_syntax_error_is_shown_in_its_line(chx: Run, work: Path) -> None:
    (work / "bad.nix").write_text("{\n  a = 1;\n  b = [ 1 2 ;\n}\n")
    report = failed(chx("build", "-f", "bad.nix"))
    assert "bad.nix:3:13" in report
    assert "3 │   b = [ 1 2 ;" in report
    assert "error: syntax error" in report


def test_an_undefined_variable_is_found_before_evaluation(chx: Run) -> None:
    report = failed(chx("eval", "-E", "let value = 1; in if true then 1 else valeu"))
    assert "did you mean value?" in report
    assert report.rstrip().endswith("undefined variable 'valeu'")


def test_a_missing_attribute_suggests_a_near_one(chx: Run) -> None:
    report = failed(chx("build", "tinyc"))
    assert "tinycc" in report


def test_a_missing_attribute_in_an_expression_is_marked(chx: Run, work: Path) -> None:
    (work / "a.nix").write_text("let pkgs = { openssl = 1; }; in\npkgs.opensssl\n")
    report = failed(chx("eval", "a.nix"))
    assert "a.nix:2:" in report and "did you mean" in report.lower() and "openssl" in report


def test_a_missing_file_is_named(chx: Run, work: Path) -> None:
    (work / "default.nix").write_text("1")
    report = failed(chx("build", "-f", "defualt.nix"))
    assert "defualt.nix" in report and "did you mean 'default.nix'" in report


def test_what_is_not_a_derivation_cannot_be_built(chx: Run) -> None:
    assert "derivation" in failed(chx("build", "-E", "1 + 1"))


def test_a_wrong_hash_shows_both_and_keeps_the_file_out(chx: Run, work: Path, tmp_path: Path) -> None:
    (work / "data").write_text("hello\n")
    report = failed(
        chx(
            "build",
            "-E",
            f'derivation {{ name = "data"; system = "builtin"; builder = "builtin:fetch"; url = "file://{work}/data";'
            ' outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; outputHashMode = "flat"; }',
        )
    )
    assert "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" in report
    assert "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=" in report
    objects = [name for name in os.listdir(tmp_path / "home/store") if not name.endswith(".drv")]
    assert objects == []


def package(install: str) -> str:
    """An expression for a package of the bundled set with nothing to do but `install`."""
    return (
        'with import <chx> { }; mkDerivation { pname = "broken"; version = "1";'
        ' src = writeTree { name = "empty"; entries = [ ]; };'
        f" configurePhase = \"\"; buildPhase = \"\"; installPhase = ''{install}''; }}"
    )


@pytest.mark.network
@pytest.mark.sandbox
def test_a_failing_build_shows_its_last_lines_and_where_the_log_is(shared_chx: Run) -> None:
    report = failed(shared_chx("build", "-E", package("for i in $(seq 40); do echo line $i; done; exit 3")))
    assert "line 40" in report and "line 16\n" in report and "line 15\n" not in report
    assert "exit status 3" in report
    assert "chx log /chx/store/" in report
    assert "--keep-failed" in report


@pytest.mark.network
@pytest.mark.sandbox
def test_a_failed_build_is_not_remembered_as_done(shared_chx: Run) -> None:
    for _ in range(2):
        assert "without making its output 'out'" in failed(shared_chx("build", "-E", package(":")))


@pytest.mark.network
@pytest.mark.sandbox
def test_keep_failed_leaves_the_build_directory(shared_chx: Run) -> None:
    report = failed(shared_chx("build", "--keep-failed", "-E", package("echo evidence > clue; exit 1")))
    kept = report.split("the build directory was kept: ")[1].split("\n")[0]
    found = [Path(base) / "clue" for base, _, files in os.walk(kept) if "clue" in files]
    assert [path.read_text() for path in found] == ["evidence\n"]


def test_an_unusable_home_is_named(chx: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report = failed(chx("build", "tinycc", CHX_HOME=str(tmp_path / "file")))
    assert str(tmp_path / "file") in report


def test_an_unknown_command_suggests_one(chx: Run) -> None:
    run = chx("biuld", "tinycc")
    assert run.returncode == 2
    assert "did you mean `chx build`?" in run.stderr


def test_infinite_recursion_is_an_ordinary_error(chx: Run) -> None:
    assert "infinite recursion" in failed(chx("eval", "-E", "let x = x; in x"))


@pytest.mark.parametrize("text", ["[1,", '{\\"a\\" 1}', "{1:2}", '[\\"a', '[\\"\\\\x\\"]'], ids=range(5))
def test_json_that_is_wrong_has_a_place(chx: Run, text: str) -> None:
    report = failed(chx("eval", "-E", f'builtins.fromJSON "{text}"'))
    assert "error[E215] at" in report and "json.exception.parse_error" in report


def test_a_list_that_memory_cannot_hold_has_a_place(chx: Run, work: Path) -> None:
    (work / "long.nix").write_text("{ a = builtins.genList (x: x) 100000000000; }")
    report = failed(chx("eval", "--strict", "long.nix"))
    assert "error[E220] at long.nix:1:7" in report
    assert report.endswith("error: out of memory: cannot create list of size 100000000000\n")


@pytest.mark.parametrize("text", ["[" * 20000 + "]" * 20000, "1" + " + 1" * 30000], ids=["lists", "operators"])
def test_a_text_that_nests_too_deep_has_a_place(chx: Run, work: Path, text: str) -> None:
    (work / "deep.nix").write_text(text)
    report = failed(chx("eval", "--strict", "deep.nix"))
    assert "deep.nix:1:" in report and "stack overflow" in report


@pytest.mark.parametrize(
    "words, message",
    [
        (["build", "./a.nix"], "did you mean -f ./a.nix?"),
        (["build", "a.nix"], "did you mean -f a.nix?"),
        (["build", ""], "an attribute path is empty"),
        (["build", "a..b"], "part 2 of the attribute path 'a..b' is empty"),
        (["build", "a", "-o", ""], "-o '' names no link"),
        (["build", "a", "-o", "nowhere/x"], "use --no-out-link"),
        (["eval", "-f", "<a;b>"], "it looks like <NAME>"),
        (["eval", "-f", "<nope>"], "-I NAME=PATH"),
    ],
)
def test_words_that_make_no_sense_are_explained(chx: Run, work: Path, words: list[str], message: str) -> None:
    (work / "a.nix").write_text("{ }")
    assert message in failed(chx(*words))


def test_a_depth_below_one_is_refused(chx: Run) -> None:
    for depth in ("0", "-1", "x"):
        assert chx("eval", "-E", "1", "--max-call-depth", depth).returncode == 2


def test_a_bwrap_that_says_nothing_is_suspected(chx: Run) -> None:
    text = 'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; }'
    for program in ("true", "false"):
        report = failed(chx("build", "-E", text, CHX_BWRAP=f"/bin/{program}"))
        assert "bwrap ended and said nothing" in report and "CHX_BWRAP" in report


def test_the_bundled_set_is_a_file_too_and_the_default_of_attributes(chx: Run) -> None:
    for words in (["-A", "tinycc.type"], ["-f", "<chx>", "-A", "tinycc.type"]):
        assert chx("eval", *words).stdout == '"derivation"\n'


def test_too_deep_recursion_is_an_ordinary_error(chx: Run) -> None:
    assert "stack overflow" in failed(chx("eval", "-E", "let f = n: 1 + f (n + 1); in f 0"))


def test_bytes_that_are_no_text_do_not_confuse_the_report(chx: Run, work: Path) -> None:
    (work / "bytes.nix").write_bytes(b'let a = "\xff\xfe"; in a.b\n')
    assert "bytes.nix:1:" in failed(chx("eval", "bytes.nix"))


DEFECTS = {
    'derivation {\n  system = "x";\n  builder = "b";\n}': ("2:3", "attribute 'name' missing"),
    'derivation {\n  system = "x"; name = "é x"; }': ("2:17", "contains illegal character 'é'"),
    'derivation {\n  name = "x"; system = "x"; }': ("2:3", "required attribute 'builder' missing"),
    'derivation {\n  name = "x"; system = "x"; builder = "x"; outputs = [ "out" "out" ]; }': ("2:44", "duplicate"),
    'derivation {\n  name = "x"; system = "x"; builder = "x"; outputs = [ "o/" ]; }': ("2:44", "illegal character '/'"),
    'derivation ({ name = "x"; system = "x"; builder = "x"; } // {\n  outputHash = "sha256-xx"; })': ("2:3", "hash"),
    'derivation {\n  name = "x"; system = "x"; builder = "x"; src = ./nonex; }': ("2:44", "nonex' does not exist"),
    'derivation {\n  name = "x"; system = "x"; builder = "x"; src = ./fifo; }': ("2:44", "is a fifo"),
    'derivation {\n  name = "x"; system = "x"; builder = "builtin:x"; }': ("2:3", "there is no builtin builder"),
    'derivation {\n  name = "x"; system = "x"; builder = "builtin:unpack"; }': ("2:3", "'src' of builtin:unpack"),
}


@pytest.mark.parametrize("text", DEFECTS, ids=[message for _, message in DEFECTS.values()])
def test_a_defect_of_a_derivation_is_shown_in_its_place(chx: Run, work: Path, text: str) -> None:
    (work / "bad.nix").write_text(text)
    os.mkfifo(work / "fifo")
    place, message = DEFECTS[text]
    report = failed(chx("build", "-f", "bad.nix"))
    assert f"bad.nix:{place}" in report
    assert message in report


def test_a_failed_fetch_names_its_derivation_and_where_that_is_defined(chx: Run, work: Path) -> None:
    digest = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    for name in "ab":
        (work / f"{name}.nix").write_text(
            f'{{ }}:\nderivation {{\n  name = "{name}"; system = "builtin"; builder = "builtin:fetch";'
            f' url = "file:{work}/{name}"; outputHash = "{digest}"; }}'
        )
    report = failed(chx("build", "-f", "a.nix"))
    assert "-a.drv, defined at a.nix:3:62" in report
    report = failed(chx("build", "-k", "-E", "[ (import ./a.nix { }) (import ./b.nix { }) ]"))
    assert "-a.drv, defined at a.nix:3:62" in report and "-b.drv, defined at b.nix:3:62" in report
    report = failed(chx("eval", "-E", "builtins.readFile (import ./a.nix { })"))
    assert "-a.drv, defined at a.nix:3:62" in report


def test_a_missing_attribute_names_the_file_it_was_looked_for_in(chx: Run, work: Path) -> None:
    (work / "a.nix").write_text("{ foo = 1; }")
    assert "while selecting 'fo' in a.nix" in failed(chx("build", "-f", "a.nix", "-A", "fo"))
    assert "in the bundled package set" in failed(chx("build", "tinyc"))


def test_a_function_that_needs_arguments_is_called_one(chx: Run) -> None:
    report = failed(chx("build", "fetchurl"))
    assert "'fetchurl' is a function" in report
