"""Entry point: find the command, run it, turn errors into reports and exit codes.

Exit codes: 0 done; 1 something was wrong with the input, the machine or a
build; 2 the command line was not understood; 70 a bug in chx; 128 and the number of
the signal that ended it (130 interrupted, 143 terminated, 129 hung up).
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USAGE_ERROR = 2
INTERNAL_ERROR = 70


class Ended(KeyboardInterrupt):
    """A signal asks this process to end; like an interrupt, no command handles it as an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _heed_signals() -> None:
    """Make SIGTERM and SIGHUP end this process as an interrupt does: with clean-up, and once."""
    import _signal as signals  # type: ignore[import-not-found]  # what is built in of `signal`

    def end(number: int, frame: object) -> None:
        for other in heeded:
            signals.signal(other, signals.SIG_IGN)
        raise Ended(number)

    # A parent that ignores one of them (`nohup`) wants it ignored.
    heeded = [number for number in (signals.SIGTERM, signals.SIGHUP) if signals.getsignal(number) == signals.SIG_DFL]
    for number in heeded:
        signals.signal(number, end)


def main(argv: list[str] | None = None) -> int:
    """Run one command line (without the program's name) and return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        from .output import open_closed

        open_closed()
    try:
        if words and words[0] in ("build", "bootstrap"):
            from .startup.result_cache import replay

            status = replay(words)
            if status is not None:
                return status
        if argv is not None:
            return _finished(_run(words))
        from .startup.bundle import install, keep

        bundle = install()
        status = _finished(_run(words))
        keep(bundle)
        return status
    except BaseException as error:
        return _failed(error, words)


def _finished(status: int) -> int:
    from .output import finish

    finish()
    return status


def _failed(error: BaseException, words: list[str]) -> int:
    """Report an error; return the exit status."""
    import os

    from .output import OutputFailed, abandon, finish, tell

    if not isinstance(error, OutputFailed):
        # Print the output so far.
        try:
            finish()
        except OutputFailed as failure:
            error = failure
    if isinstance(error, OutputFailed):
        abandon()
        if error.gone:
            return 1
    if isinstance(error, KeyboardInterrupt):
        number = error.number if isinstance(error, Ended) else 2
        what = {1: "hung up", 2: "interrupted"}.get(number, "terminated")
        tell(f"chx: {what}; what was finished stays finished\n")
        # Exit at once: Python might wait for the thread of an evaluation.
        os._exit(128 + number)
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else USAGE_ERROR
    if not isinstance(error, Exception):
        raise error
    from .render.errors import report

    status = report(error, words)
    _follow_up(error)
    return status


def _follow_up(error: Exception) -> None:
    """Run the command that looks closer at an error, if there is one."""
    words = next((one.follow_up for one in getattr(error, "failures", (error,)) if hasattr(one, "follow_up")), None)
    if words is not None:
        from .output import tell
        from .render.errors import report

        tell(f"chx: {' '.join(words)}\n")
        try:
            _finished(_dispatch(list(words)))
        except Exception as failure:
            report(failure, list(words))


def _run(words: list[str]) -> int:
    if words and words[0] == "store":
        from .startup.store_query import answer

        text = answer(words[1:])
        if text is not None:
            from .output import put

            put(text)
            return 0
    return _dispatch(words)


def _dispatch(words: list[str]) -> int:
    from .commands import COMMANDS, overview
    from .output import put, tell

    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[1] in COMMANDS:
            return _dispatch([words[1], "--help"])
        if len(words) > 1 and words[0] == "help":
            return _help(words[1])
        if words:
            put(overview())
            return 0
        tell(overview())
        return USAGE_ERROR
    name = words[0]
    if name in ("-V", "--version"):
        from .sandboxes import version

        put(version())
        return 0
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `chx {near[0]}`?" if near else "see `chx --help`"
        tell(f"chx: there is no command '{name}'; {hint}\n")
        return USAGE_ERROR
    module = __import__(f"{__package__}.{COMMANDS[name][0]}", fromlist=("run",))
    # Values stay reachable until the end; the cycle collector would traverse them
    # repeatedly.
    import gc

    gc.disable()
    _heed_signals()
    own, command = words[1:], None
    if getattr(module, "TAKES_COMMAND", False) and "--" in own:
        # argparse treats `--` differently after options.
        place = own.index("--")
        own, command = own[:place], own[place + 1 :]
    arguments = _read(name, module, own)
    arguments.command = command
    arguments.words = words
    status: int = module.run(arguments)
    return status


def _help(name: str) -> int:
    """Print a page of the manual, or the cause and remedy of an error code."""
    from .output import put, tell
    from .topics import topic, topics

    text = topic(name)
    if text is not None:
        put(text)
        return 0
    import difflib

    near = difflib.get_close_matches(name, topics(), 1)
    hint = f"did you mean `chx help {near[0]}`?" if near else "`chx help topics` lists them"
    tell(f"chx: there is no topic '{name}'; {hint}\n")
    return USAGE_ERROR


def _read(name: str, module: Any, words: list[str]) -> Any:
    """Parse the arguments of a command."""
    from .startup.quick_args import NeedsArgparse, QuickParser

    try:
        taken = QuickParser()
        module.configure(taken)
        return taken.read(words)
    except NeedsArgparse:
        from .parser import command_parser

        parser = command_parser(name)[0]
        # Otherwise argparse refuses options between words: `check --rebuild NAME`.
        return parser.parse_intermixed_args(words) if getattr(module, "MIXED", False) else parser.parse_args(words)
