"""Nix's settings of the language: `--option`, options of their own, and a variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..peer import Peer
from .conftest import Run

WARNING = 'builtins.warn "x" 1'
ABORTED = "error: aborting to reveal stack trace of warning, as abort-on-warn is set"

CASES = [
    (["--option", "abort-on-warn", "true", "-E", WARNING], ABORTED),
    (["--option", "abort-on-warn", "1", "-E", f"builtins.tryEval ({WARNING})"], ABORTED),
    (["--abort-on-warn", "-E", WARNING], ABORTED),
    (["--abort-on-warn", "--option", "abort-on-warn", "no", "-E", WARNING], "1"),
    (["--option", "abort-on-warn", "maybe", "-E", WARNING], "1"),
    (["--trace-verbose", "-E", 'builtins.traceVerbose "x" 1'], "1"),
    (["--option", "eval-system", "foo", "-E", "builtins.currentSystem"], '"foo"'),
    (["--option", "pure-eval", "true", "-E", "builtins.currentTime or 1"], "1"),
    (["--option", "pure-eval", "false", "-E", "builtins ? currentTime"], "true"),
    (["--option", "extra-experimental-features", "parse-toml-timestamps", "-E", '(builtins.fromTOML "a = 07:32:00").a.value'], '"07:32:00"'),
    (["--option", "nonsense", "1", "-E", "1"], "1"),
    (["--extra-experimental-features", "nonsense", "-E", "1"], "1"),
    (["--option", "max-call-depth", "none", "-E", "1"], "1"),
    (["-E", "builtins.fetchTree or 1"], "1"),
    (["--option", "lint-url-literals", "ignore", "-E", "http://a.b/c"], '"http://a.b/c"'),
    (["--option", "lint-url-literals", "hard", "-E", "1"], "1"),
]  # fmt: skip
"""Words, and the last line of what is printed; a value if it succeeds."""

LINTS = [
    ("url", "x: http://a.b/c", 'URL literals are {}. Consider using a string literal "http://a.b/c" instead'),
    ("short-path", "x: a/b/../c", "relative path literal 'a/b/../c' should be prefixed with '.' for clarity: './a/b/../c'"),
    ("short-path", 'x: a/${"b"}', "relative path literal 'a/' should be prefixed with '.' for clarity: './a/'"),
    ("absolute-path", "x: /a",
     "absolute path literals are not portable. Consider replacing path literal '/a' by a string, relative path, or parameter"),
    ("absolute-path", "x: ~/a",
     "home path literals are not portable. Consider replacing path literal '~/a' by a string, relative path, or parameter"),
    ("short-path", "x: [ ./a .a/b ../c /d <e/f> (a: a) ]", ""),
    ("absolute-path", "x: [ ./a a/b ]", ""),
    ("url", 'x: "http://a"', ""),
]  # fmt: skip
"""Lints, expressions, and what each says; nothing if it finds nothing."""

TOLD = {
    "hard": "warning: option 'lint-url-literals' has invalid value 'hard' (expected 'ignore', 'warn', or 'fatal')\n",
    "maybe": "warning: Boolean setting 'abort-on-warn' has invalid value 'maybe'\nevaluation warning: x\n",
    "--extra-experimental-features": "warning: unknown experimental feature 'nonsense'\n",
    "nonsense": "warning: unknown setting 'nonsense'\n",
    "none": "warning: setting 'max-call-depth' has invalid value 'none'\n",
    "--trace-verbose": "trace: x\n",
}
"""What else is printed, by a word of the command line."""


@pytest.mark.parametrize(("words", "last"), CASES, ids=lambda value: " ".join(value) if type(value) is list else "")
def test_settings_have_nix_s_names_and_meaning(chx: Run, words: list[str], last: str) -> None:
    run = chx("eval", *words)
    if last == ABORTED:
        assert (run.stderr.rstrip().split("\n")[-1], run.stdout, run.returncode) == (last, "", 1)
        return
    assert (run.stdout, run.returncode) == (f"{last}\n", 0)
    told = [text for word, text in TOLD.items() if word in words]
    assert run.stderr == (told[0] if told else run.stderr)


@pytest.mark.peer
def test_nix_takes_the_settings_as_well(peer: Peer) -> None:
    for words, last in CASES:
        answer = peer.answer("--eval", *words)
        assert last in (answer.errors if last == ABORTED else answer.output), words


@pytest.mark.parametrize(("lint", "expression", "message"), LINTS, ids=lambda value: value[:20])
def test_lints_warn_or_refuse(chx: Run, lint: str, expression: str, message: str) -> None:
    setting = f"lint-{lint}-literals"
    for _ in range(2):
        # Code that was kept from the first time is linted again.
        run = chx("eval", "--impure", "--option", setting, "warn", "-E", expression, HOME="/h")
        warning = f"warning: {message.format('discouraged')} ({setting})\n         at «string»:1:4\n"
        assert (run.stdout, run.stderr) == ("<LAMBDA>\n", warning if message else "")
    run = chx("eval", "--impure", "--option", setting, "fatal", "-E", expression, HOME="/h")
    assert run.returncode == bool(message)
    if message:
        assert run.stderr.rstrip().split("\n")[-1] == f"error: {message.format('disallowed')} ({setting})"


def test_a_file_is_linted_once(chx: Run, tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_text("x: a/b")
    text = f"let file = {tmp_path}/a.nix; in [ (import file) (builtins.scopedImport {{ }} file) ]"
    run = chx("eval", "--strict", "--option", "lint-short-path-literals", "warn", "-E", text)
    assert run.stderr.count("relative path literal 'a/b'") == 1


@pytest.mark.peer
def test_nix_lints_the_same(peer: Peer) -> None:
    for lint, expression, message in LINTS:
        setting = f"lint-{lint}-literals"
        for level, verb in (("warn", "discouraged"), ("fatal", "disallowed")):
            answer = peer.answer("--eval", "--option", setting, level, "-E", expression)
            shown = f"{message.format(verb)} ({setting})"
            assert (shown in answer.errors) if message else (setting not in answer.errors), expression


@pytest.mark.parametrize(("text", "aborts"), [("1", True), ("true", True), ("yes", True), ("0", False), ("", False)])
def test_a_variable_lets_warnings_abort(chx: Run, text: str, aborts: bool) -> None:
    assert (chx("eval", "-E", WARNING, NIX_ABORT_ON_WARN=text).returncode == 1) is aborts


def test_an_impure_build_sees_the_environment_each_time(chx: Run) -> None:
    text = """derivation {
      name = "a"; system = "x"; builder = "builtin:tree";
      entries = builtins.toJSON [ { path = "file"; kind = "file"; content = builtins.getEnv "WORD"; } ];
    }"""
    first, again, pure = (
        chx("build", *options, "--no-out-link", "-E", text, WORD=word).stdout
        for options, word in ((["--impure"], "one"), (["--impure"], "two"), ([], "one"))
    )
    assert len({first, again, pure}) == 3


def test_a_flake_is_refused_by_name_unless_flakes_are_enabled(chx: Run) -> None:
    run = chx("build", ".#hello")
    assert run.stderr.startswith("error[C001]: '.#hello' names an output of a flake, and flakes are not enabled\n")
    assert "an expression is built with -f . -A hello" in run.stderr
