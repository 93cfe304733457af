"""What a person at a terminal is offered when a build has failed: to try again, to read, to go and look."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...builder import SeveralFailures
from ..output import cleaned, is_terminal, tell

if TYPE_CHECKING:
    from ...builder import BuildError

Choice = Literal["retry", "quit"]
QUESTION = "chx: [r]etry, see the whole [l]og, enter a [s]hell in its container, or [q]uit? "


def is_interactive(arguments: argparse.Namespace) -> bool:
    """Whether somebody is there to be asked: both streams are terminals, and the view for people was not declined."""
    return (
        arguments.log_format in (None, "live")
        and not arguments.quiet
        and is_terminal(sys.stdin)
        and is_terminal(sys.stderr)
    )


def prompt_after_failure(error: BuildError) -> Choice:
    """Ask until there is a decision; the log and the shell come back here."""
    failed = _first(error)
    while True:
        tell(QUESTION)
        answer = sys.stdin.readline()
        match answer.strip().lower()[:1]:
            case "r":
                return "retry"
            case "l" if failed.derivation is not None:
                show_log(failed)
            case "s" if failed.derivation is not None:
                _call("shell", str(failed.derivation))
            case "q":
                return "quit"
            case _ if not answer:
                tell("\n")
                return "quit"
            case _:
                pass


def _first(error: BuildError) -> BuildError:
    return error.failures[0] if isinstance(error, SeveralFailures) and error.failures else error


def show_log(error: BuildError) -> None:
    """In the user's pager, as a manual page would be; a pager may hand on whatever it is given."""
    import shutil
    import subprocess

    pager = os.environ.get("PAGER") or shutil.which("less") or shutil.which("more") or "cat"
    log = subprocess.Popen(_chx("log", str(error.derivation)), stdout=subprocess.PIPE)
    reader = subprocess.Popen(pager, shell=True, stdin=subprocess.PIPE)
    assert log.stdout is not None and reader.stdin is not None
    pieces = iter(lambda source=log.stdout: source.read1(1 << 16), b"")  # type: ignore[misc]
    try:
        for piece in cleaned(pieces, coloured=False):
            reader.stdin.write(piece)
        reader.stdin.close()
    except BrokenPipeError:
        pass  # it was left before the end
    log.stdout.close()
    log.wait()
    reader.wait()


def _call(*words: str) -> None:
    import subprocess

    subprocess.run(_chx(*words))


def _chx(*words: str) -> list[str]:
    """This very chx again."""
    return [sys.executable, str(Path(__file__).resolve().parents[2]), *words]
