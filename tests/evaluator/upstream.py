"""Run a folder in the layout of Nix's own language tests against chx.

    .venv/bin/python tests/evaluator/upstream.py DIR [--against nix-instantiate] [--only PATTERN] [--chx COMMAND]

The layout: `parse-okay-X.nix`, `parse-fail-X.nix`, `eval-okay-X.nix`, `eval-fail-X.nix`; beside them `X.exp` (what is printed),
`X.exp.xml` (what `--xml --no-location` prints), `X.err.exp` (an error report, of which the message counts, or warnings)
and `X.flags`. Files name each other relative to the folder above, so all runs start there. With `--against` the same
is asked of a `nix-instantiate`, and its answers count instead of the files. Prints each difference; exits 1 if there
is one.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import os
import pathlib
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
KINDS = ("parse-fail", "parse-okay", "eval-fail", "eval-okay")
SHOWN = 400
"""Characters of a line that are shown."""
EXCERPT = re.compile(r"\n\s+at [^\n]*:\d+:\d+:\n.*", re.DOTALL)


class Run(NamedTuple):
    """What a program answered: its status, its standard output, the message of its error ("" if it gave none)."""

    status: int
    output: bytes
    message: str


class Case(NamedTuple):
    """One file: its kind, itself, and the options and input that both programs get."""

    kind: str
    file: pathlib.Path
    options: tuple[str, ...]

    @property
    def parses(self) -> bool:
        return self.kind.startswith("parse")

    @property
    def fails(self) -> bool:
        return self.kind.endswith("fail")

    def beside(self, ending: str) -> pathlib.Path:
        return self.file.with_name(self.file.stem + ending)


def find_cases(folder: pathlib.Path, pattern: str) -> list[Case]:
    """The cases of a folder, as its own runner would run them."""
    found = []
    for kind in KINDS:
        files = [file for file in sorted(folder.glob(f"{kind}-*.nix")) if fnmatch.fnmatch(file.stem, pattern)]
        enabled = [file for file in files if not file.with_suffix(".exp-disabled").exists()]
        found += [Case(kind, file, _options(kind, file)) for file in enabled]
    return found


def _options(kind: str, file: pathlib.Path) -> tuple[str, ...]:
    if kind.startswith("parse"):
        return ("-",)
    flags = file.with_name(file.stem + ".flags")
    given = shlex.split(flags.read_text(), comments=True) if flags.exists() else []
    given = [flag for flag in given if flag not in ("--eval", "--strict")]
    if kind == "eval-okay" and file.with_name(file.stem + ".exp.xml").exists():
        given = ["--xml", "--no-location"]
    return (*given, "--strict", f"{file.parent.name}/{file.name}")


def message_in(report: str) -> str:
    """The message at the end of an error report: without excerpts, and without what it is indented by."""
    start = max(
        report.rfind("\n" + " " * 7 + "error: "), report.rfind("\nerror: "), 0 if report.startswith("error: ") else -1
    )
    if start < 0:
        return ""
    text = EXCERPT.sub("", report[start:].strip("\n").lstrip())
    return "\n".join(line.removeprefix(" " * 7).rstrip() for line in text.removeprefix("error: ").split("\n")).strip(
        "\n"
    )


def run(command: list[str], case: Case) -> Run:
    """Ask a program about a case."""
    folder = case.file.parent
    environment = {
        **os.environ,
        "TEST_VAR": "foo",
        "HOME": "/fake-home",
        "NIX_PATH": f"{folder.name}/dir3:{folder.name}/dir4",
        "NIX_REMOTE": "dummy://",
        "NIX_STORE_DIR": "/nix/store",
    }
    done = subprocess.run(
        [*command, *case.options],
        input=case.file.read_bytes() if case.parses else b"",
        capture_output=True,
        cwd=folder.parent,
        env=environment,
        timeout=300,
        check=False,
    )
    report = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr.decode(errors="replace"))
    return Run(done.returncode, done.stdout, message_in(report))


def expected_of(case: Case) -> Run:
    """What the files beside a case say."""
    if case.fails:
        report = case.beside(".err.exp")
        return Run(1, b"", message_in(report.read_text(errors="replace")) if report.exists() else "")
    for ending in (".exp.xml", ".exp"):
        if case.beside(ending).exists():
            return Run(0, case.beside(ending).read_bytes(), "")
    return Run(0, b"", "")


def localized(text: str, case: Case) -> str:
    """A text as the files have it, in which the folder's place is `/pwd`."""
    return text.replace(str(case.file.parent.parent), "/pwd")


def difference(case: Case, found: Run, expected: Run) -> str:
    """What differs, in lines; empty if nothing does."""
    lines = []
    if found.status != expected.status:
        lines.append(f"exit status {found.status}, not {expected.status}")
    if not case.fails and (expected.output or not case.parses):
        lines += _diff(expected.output.decode(errors="replace"), localized(found.output.decode(errors="replace"), case))
    if case.fails and expected.message:
        lines += _diff(localized(expected.message, case), localized(found.message, case))
    if not case.fails and found.status:
        lines.append(f"error: {found.message}")
    return "\n".join(lines)


def _diff(expected: str, found: str) -> list[str]:
    if expected == found:
        return []
    shown = difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", n=0, lineterm="")
    return [line[:SHOWN] for line in shown] or ["differs in its last newline"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--against", metavar="COMMAND", help="ask this nix-instantiate, instead of reading files")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="cases whose names match")
    parser.add_argument("--chx", metavar="COMMAND", default=f"{sys.executable} {CHECKOUT}", help="how to call chx")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    cases = find_cases(folder, arguments.only)
    different = 0
    for case in cases:
        found = run([*shlex.split(arguments.chx), *(["parse"] if case.parses else ["eval", "--impure"])], case)
        if arguments.against is None:
            expected = expected_of(case)
        else:
            expected = run([*shlex.split(arguments.against), "--parse" if case.parses else "--eval"], case)
            expected = expected._replace(output=localized(expected.output.decode("latin-1"), case).encode("latin-1"))
        shown = difference(case, found, expected)
        if shown:
            different += 1
            print(f"--- {case.file.stem}\n{shown}\n")
    print(f"{len(cases) - different} passed, {different} failed")
    return 1 if different or not cases else 0


if __name__ == "__main__":
    raise SystemExit(main())
