"""Errors as text: the only renderer of errors.

A report with a position shows the excerpt first, then the steps of evaluation, and
ends with the message: on a terminal, users read the last line.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ...ops.failure import Failure
from ...ops.text import readable, title
from ..output import overwritten, tell
from .style import Style

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ...builder import BuildError, SeveralFailures
    from ...evaluator import Frame
    from ...lang import Label

SHORT_FRAMES = 3
SHOWN_FAILURES = 5
WIDTH = 160
"""Columns of an excerpt; of a longer line, what is around the place is shown."""
NEEDED = {name: name for name in ("lark", "blake3", "cryptography", "zstandard")}
"""Modules of other projects that a checkout may lack, and the packages that have them."""
PRINTING = frozenset({"B001", "B002", "B003"})
"""Failures of builders that print. What went wrong elsewhere is whole in the message."""


LOGGED = PRINTING | {"B017", "B021", "B023", "B024", "B030", "B031"}
"""Failures after a builder has run: its log may help."""


def report(error: Exception, words: Sequence[str], show_trace: bool | None = None) -> int:
    """Draw `error` on standard error; return the exit status. `words` are those of the command line."""
    lines, status = describe(error, Style(sys.stderr), words, show_trace)
    if any(f"--log-format{between}json" in " ".join(words) for between in " ="):
        import json

        code, message = (error.code, error.message) if isinstance(error, Failure) else (None, None)
        lines = [json.dumps({"event": "error", "code": code, "message": message or str(error), "report": lines})]
    tell("\n".join(lines) + "\n")
    return status


def describe(
    error: Exception | Failure, style: Style, words: Sequence[str] = (), show_trace: bool | None = None
) -> tuple[list[str], int]:
    """Return the lines of the report and the exit status."""
    if not isinstance(error, Failure):
        return _foreign(error, style, words)
    if error.code.startswith("B"):
        from ...builder import BuildError, SeveralFailures

        if isinstance(error, SeveralFailures):
            return _several(error, style, words), 1
        if isinstance(error, BuildError):
            return _build(error, style, words), 1
    if show_trace is None:
        show_trace = "--show-trace" in words and "--no-show-trace" not in words
    tag = f"error[{error.code}]"
    labels, frames, details = error.labels, error.frames, _details(error)
    hint = followable(_architecture_hint(error) or error.hint, words)
    of_the_language = error.code.startswith("E")
    if not labels and not frames and not details and not of_the_language:
        lines = [f"{style.red}{tag}{style.reset}: {readable(error.message)}"]
        if hint:
            lines.append(f"  = {hint}")
        return lines, 1
    lines = []
    if labels:
        lines += excerpt(labels[0], style, head=f"{style.red}{tag}{style.reset} at ")
        for label in labels[1:]:
            lines += excerpt(label, style, head="  also at ")
    elif of_the_language:
        lines.append(f"{style.red}{tag}{style.reset}")
    lines += details
    shown = frames if show_trace else frames[:SHORT_FRAMES]
    for frame in shown:
        lines.append(f"  = {frame_text(frame)}")
    if len(shown) < len(frames):
        lines.append(f"  = ... {len(frames) - len(shown)} more; see them with --show-trace")
    if hint:
        lines.append(f"  = {hint}")
    lines.append(f"{style.red}{'error' if labels or of_the_language else tag}{style.reset}: {readable(error.message)}")
    return lines, 1


def _foreign(error: Exception, style: Style, words: Sequence[str]) -> tuple[list[str], int]:
    """Describe an error of the machine or of chx itself."""
    if isinstance(error, OSError):
        return _machine(error, style), 1
    if isinstance(error, ModuleNotFoundError) and error.name in NEEDED:
        return [
            f"{style.red}error{style.reset}: chx needs the Python package '{NEEDED[error.name]}'",
            f"  = {sys.executable} does not have it: pip install {NEEDED[error.name]}",
        ], 1
    if isinstance(error, MemoryError):
        return [f"{style.red}error{style.reset}: out of memory", "  = what was finished is kept"], 1
    if isinstance(error, RuntimeError) and "new thread" in str(error):
        return [
            f"{style.red}error{style.reset}: no further thread can be started",
            "  = this user, or a control group, has as many processes and threads as it may (ulimit -u, pids.max)",
        ], 1
    return _bug(error, style, words), 70


def _details(error: Failure) -> Sequence[str]:
    if error.code.startswith("L"):
        from ...ops.lock.errors import LockError
        from .lock_errors import details_of

        if isinstance(error, LockError):
            return details_of(error)
    return error.details


def _build(error: BuildError, style: Style, words: Sequence[str]) -> list[str]:
    """Describe a failed build: its last log lines, the cause, and where to look."""
    lines = []
    if error.tail and error.code in PRINTING and not error.was_seen:
        name = "the build" if error.derivation is None else title(error.derivation)
        lines.append(f"last lines of the log of {name}:")
        lines += [f"{style.dim}  │{style.reset} {overwritten(line)}{style.reset}" for line in error.tail]
    lines.append(f"{style.red}error[{error.code}]{style.reset}: {error.message}")
    if error.derivation is not None:
        place = "" if error.place is None else f", defined at {position(error.place)}"
        lines.append(f"  = {error.derivation}{place}")
    if error.log and error.code in LOGGED:
        lines.append(f"  = the whole log: chx log {error.derivation}")
        lines.append(f"  = or the file {error.log}")
        lines.append(f"  = the same build again: chx build {error.derivation}")
    if error.kept:
        lines.append(f"  = the build directory was kept: {error.kept}")
        if os.path.exists(f"{error.kept}/enter"):
            lines.append(f"  = enter its sandbox with {error.kept}/enter")
    if error.hint:
        lines.append(_hint(error.hint, words))
    return lines


def _architecture_hint(error: Failure) -> str | None:
    """Return a hint for an attribute missing in a set of architectures, such as `cross`, which others call by other names."""
    if error.code != "E202":
        return None
    from ...arch import known_names, suggestion
    from ...evaluator.errors import MissingAttribute

    if isinstance(error, MissingAttribute) and sorted(error.candidates) == known_names():
        return suggestion(error.name)
    return None


def _hint(hint: str, words: Sequence[str]) -> str:
    """Return the lines of a hint."""
    return "\n".join(f"  = {line}" for line in (followable(hint, words) or "").split("\n"))


def _several(error: SeveralFailures, style: Style, words: Sequence[str]) -> list[str]:
    """Describe several failures: in full where they differ, once where they share a cause."""
    lines: list[str] = []
    hints: dict[str, None] = {}
    for failure in error.failures[:SHOWN_FAILURES]:
        shown = _build(failure, style, words)
        if failure.hint:
            shown.pop()
            hints[_hint(failure.hint, words)] = None
        lines += shown
    lines += hints
    hidden = len(error.failures) - SHOWN_FAILURES
    rest = f" ({hidden} are not shown)" if hidden > 0 else ""
    lines.append(f"{style.red}error[{error.code}]{style.reset}: {error.message}{rest}")
    return lines


def followable(hint: str | None, words: Sequence[str]) -> str | None:
    """Return a hint; if the command lacks an option in it, add the command that has it.

    The code that raises an error does not know the command. `words` are those of the command line.
    """
    if not hint or "-" not in hint:
        return hint
    import re

    from ..commands import COMMANDS

    named = re.findall(r"(?<![\w`-])(--[a-z][a-z-]+|-j)(?![\w-])", hint)
    command = next(iter(words), "")
    if not named or "chx " in hint or command not in COMMANDS:
        return hint
    known, build = _options(command), _options("build")
    if all(name in known for name in named) or not all(name in build for name in named):
        return hint
    return f"{hint} (an option of chx build, which chx {command} does not have)"


def _options(command: str) -> Collection[str]:
    from ..parser import command_parser

    parsers, found = [command_parser(command)[0]], set()
    for parser in parsers:
        found.update(parser._option_string_actions)
        for action in parser._actions:
            # The actions of a command have options of their own.
            if isinstance(action.choices, dict):
                parsers.extend(action.choices.values())
    return found


def frame_text(frame: Frame) -> str:
    text = readable(frame.text)
    return f"{text} ({position(frame.label)})" if frame.label is not None else text


def position(label: Label) -> str:
    """Return `file:line:column`, the file relative to the working directory if that is shorter."""
    place = label.source.place(label.span.start)
    return f"{_short(readable(label.source.name))}:{place.line}:{place.column}"


def _short(name: str) -> str:
    if name.startswith("/"):
        try:
            relative = os.path.relpath(name)
        except OSError:
            return name
        if len(relative) < len(name):
            return relative
    return name


def excerpt(label: Label, style: Style, head: str = "at ") -> list[str]:
    """Return the source line of a label, with carets below its span."""
    source, span = label.source, label.span
    place = source.place(span.start)
    line = _plain(source.line(place.line))
    width = len(str(place.line))
    gutter = f"{style.blue}{' ' * width} │{style.reset}"
    start = span.start - (place.column - 1)
    before = _shown(source.text[start : span.start])
    newline = source.text.find("\n", span.start)
    stop = min(span.end, newline if newline >= 0 else len(source.text))
    marked = _shown(source.text[span.start : max(stop, span.start)])
    if len(before) > WIDTH // 2:
        cut = len(before) - WIDTH // 4
        line, before = "…" + line[cut:], "…" + before[cut:]
    if len(line) > WIDTH:
        line, marked = line[:WIDTH] + "…", marked[: WIDTH - len(before)]
    # A tab stays a tab in the padding, so that the caret stands under its text
    # whatever the terminal's tab stops are.
    padding = "".join("\t" if c == "\t" else " " * _columns(c) for c in before)
    carets = "^" * max(1, sum(map(_columns, marked)))
    note = f" {label.text}" if label.text else ""
    return [
        f"{head}{position(label)}",
        f"{style.blue}{place.line} │{style.reset} {line}",
        f"{gutter} {padding}{style.red}{carets}{readable(note)}{style.reset}",
    ]


def _shown(text: str) -> str:
    return _plain(text.encode("latin-1").decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """Return source text without colour sequences: they have no width, so carets would be misplaced."""
    return text.replace("\x1b", "␛")


def _columns(character: str) -> int:
    from unicodedata import combining, east_asian_width

    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _machine(error: OSError, style: Style) -> list[str]:
    import errno

    what = error.strerror or str(error)
    where = f": '{error.filename}'" if error.filename else ""
    lines = [f"{style.red}error{style.reset}: {what[:1].lower()}{what[1:]}{where}"]
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        lines.append("  = nothing half-done was kept; free some space and run the same command again")
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        from ...signatures import home

        is_stored = isinstance(error.filename, str) and os.path.abspath(error.filename).startswith(home())
        where = " The store's place is chosen with $CHX_HOME" if is_stored or not error.filename else ""
        lines.append(f"  = is this yours to read and write?{where}")
    return lines


def _bug(error: Exception, style: Style, words: Sequence[str]) -> list[str]:
    import tempfile
    import traceback

    from ... import __version__

    text = "".join(traceback.format_exception(error))
    lines = [
        f"{style.red}internal error{style.reset}: {type(error).__name__}: {error}",
        "  = this is a bug in chx, not in your expression; nothing of it was registered in the store",
    ]
    try:
        handle, path = tempfile.mkstemp(prefix="chx-bug-", suffix=".txt")
        with os.fdopen(handle, "w", errors="surrogateescape") as file:
            file.write(f"chx {__version__}, Python {sys.version}\n{list(words)}\n\n{text}")
        lines.append(f"  = please report it to the authors of chx with the file {path}")
    except OSError:
        lines += text.splitlines()
    return lines
