"""Interactive prompt after a failed build: retry, show the log, open a shell."""

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
    """Whether to prompt: both streams are terminals, and no other log format was chosen."""
    return (
        arguments.log_format in (None, "live")
        and not arguments.quiet
        and is_terminal(sys.stdin)
        and is_terminal(sys.stderr)
    )


def prompt_after_failure(error: BuildError) -> Choice:
    """Prompt until the user decides; after the log or the shell, prompt again."""
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
    """Show a log in the user's pager, made harmless: a pager may pass control characters on."""
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
        pass  # the user left the pager early
    log.stdout.close()
    log.wait()
    reader.wait()


def _call(*words: str) -> None:
    import subprocess

    subprocess.run(_chx(*words))


def _chx(*words: str) -> list[str]:
    """Return the command line that runs this chx."""
    return [sys.executable, str(Path(__file__).resolve().parents[2]), *words]
