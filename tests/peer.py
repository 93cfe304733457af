"""What Nix answers: asked now where there is a Nix, and else as it was recorded.

Each test file that compares with Nix has its answers in a file `answers/*.json` beside it: the version of Nix, the environment
it ran in, and for every question the command, what it read, and all that Nix said. A question is known by exactly
these, so a case that was changed has no answer, and its test fails until the answers are renewed:

    CHX_NIX_INSTANTIATE=... python -m pytest -m peer --renew-answers tests/evaluator tests/lang tests/cli/test_eval.py tests/cli/test_settings.py tests/cli/test_fetch_git.py tests/cli/test_fetch_tree.py tests/cli/test_flakes.py
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

OLDEST: Final = (2, 34)
PROGRAM: Final = "nix-instantiate"
VARIABLE: Final = "CHX_NIX_INSTANTIATE"
OPTION: Final = "--renew-answers"
ENVIRONMENT: Final = {
    "HOME": "/home/u",
    "LANG": "C.UTF-8",
    "NIX_CONF_DIR": "/no/configuration",
    "NIX_PATH": "",
    "NIX_REMOTE": "dummy://",
    "NIX_STORE_DIR": "/nix/store",
    "NIX_USER_CONF_FILES": "/no/configuration",
}
"""All that Nix sees of an environment, beside `PATH`."""
NEEDED: Final = f"{PROGRAM} {'.'.join(map(str, OLDEST))} or newer, in PATH or named by {VARIABLE}"
_HERE: Final = "@HERE@"
"""Stands for the folder of the files that are asked about, which is another in each checkout."""


class NoAnswer(AssertionError):
    """Nothing is recorded for a question."""


class Question(NamedTuple):
    """`words` after the program, its standard input, and the digests of files by the names that the words have for them."""

    words: tuple[str, ...]
    input: str
    files: tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """The exit status, standard output and standard error of Nix."""

    status: int
    output: str
    errors: str

    @property
    def traces(self) -> list[str]:
        """What `trace` showed, in order."""
        return re.findall("^trace: (.*)", self.errors, re.MULTILINE)

    def replaced(self, old: str, new: str) -> Answer:
        """The same with another text in place of `old`."""
        return Answer(self.status, self.output.replace(old, new), self.errors.replace(old, new))


@functools.cache
def command() -> str | None:
    """A nix-instantiate that is recent enough, if there is one."""
    found = os.environ.get(VARIABLE) or shutil.which(PROGRAM)
    if not found:
        return None
    return found if is_recent(version_of(found)) else None


def version_of(program: str) -> str:
    """What a program says to `--version`; empty if it cannot be run."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, env=_environment()).stdout.strip()
    except OSError:
        return ""


def is_recent(said: str) -> bool:
    """Whether what `--version` said names a Nix with the language of chx."""
    version = re.search(r"\(Nix\) (\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **ENVIRONMENT}


class Peer:
    """Nix, for the questions of one file of tests."""

    def __init__(self, file: Path, program: str | None, *, renews: bool) -> None:
        """`file` has the answers where there is no `program`. Raises `ValueError` if they are of too old a Nix."""
        self._file = file
        self._program = program
        self._renews = renews
        self._recorded = {} if renews or not file.exists() else _read(file)
        self._asked: dict[Question, Answer] = {}

    @property
    def is_there(self) -> bool:
        """Whether Nix itself answers."""
        return self._program is not None

    @property
    def questions(self) -> list[Question]:
        """All that is recorded, in the order in which it was asked."""
        return list(self._recorded)

    def answer(self, *words: str, input: str = "", files: Sequence[str] = (), folder: Path | None = None) -> Answer:
        """What Nix answers to some words after its name. `files` are those in `folder`, where it runs, that it reads.

        Raises `NoAnswer` if there is no Nix and nothing recorded.
        """
        digests = tuple(
            (name, hashlib.sha256(((folder or Path("/")) / name).read_bytes()).hexdigest()) for name in files
        )
        question = Question(words, input, digests)
        found = self._recorded.get(question) if self._program is None else self._ask(self._program, question, folder)
        if found is None:
            shown = f"{self._file}: no recorded answer to `{PROGRAM} {' '.join(words)}`"
            raise NoAnswer(f"{shown}. Renew them where there is a Nix: see tests/peer.py")
        return found if folder is None else found.replaced(_HERE, str(folder))

    def _ask(self, program: str, question: Question, folder: Path | None) -> Answer:
        run = subprocess.run(
            [program, *question.words],
            input=question.input,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            cwd=folder or "/",
            env=_environment(),
        )
        answer = Answer(run.returncode, run.stdout, run.stderr)
        if folder is not None:
            answer = answer.replaced(str(folder), _HERE)
        self._asked[question] = answer
        return answer

    def finish(self, *, is_whole: bool) -> None:
        """Write what was answered, if answers are renewed; beside what was there, unless the whole file was run."""
        if not self._renews or not self._asked or self._program is None:
            return
        kept = {} if is_whole or not self._file.exists() else _read(self._file)
        self._file.parent.mkdir(exist_ok=True)
        document = {
            "version": version_of(self._program),
            "environment": ENVIRONMENT,
            "answers": [_entry(question, answer) for question, answer in (kept | self._asked).items()],
        }
        self._file.write_text(json.dumps(document, indent=1) + "\n")


def _entry(question: Question, answer: Answer) -> dict[str, object]:
    entry: dict[str, object] = {"command": [PROGRAM, *question.words]}
    if question.input:
        entry["input"] = question.input
    if question.files:
        entry["files"] = dict(question.files)
    entry["status"] = answer.status
    if answer.output:
        entry["output"] = answer.output
    if answer.errors:
        entry["errors"] = answer.errors
    return entry


def _read(file: Path) -> dict[Question, Answer]:
    document = json.loads(file.read_text())
    if not is_recent(document["version"]):
        raise ValueError(f"{file}: answers of {document['version']}, which is too old")
    if document["environment"] != ENVIRONMENT:
        raise ValueError(f"{file}: answers from another environment")
    answers = {}
    for entry in document["answers"]:
        program, *words = entry["command"]
        assert program == PROGRAM, file
        question = Question(tuple(words), entry.get("input", ""), tuple(entry.get("files", {}).items()))
        answers[question] = Answer(entry["status"], entry.get("output", ""), entry.get("errors", ""))
    return answers
