"""The entry point: find the command, run it, turn errors into reports and exit codes.

Exit codes: 0 done; 1 something was wrong with the input, the machine or a
build; 2 the command line was not understood; 70 a bug in chx; 130 interrupted.
"""

import sys

USAGE_ERROR = 2
INTERNAL_ERROR = 70
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command line (without the program's name) and return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in ("build", "bootstrap"):
        from .noop import replay

        status = replay(words)
        if status is not None:
            return status
    return _guarded(words)


def _guarded(words: list[str]) -> int:
    try:
        try:
            return _dispatch(words)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away, which is its right. Python would complain again
        # when it flushes at exit.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        print("chx: interrupted; what was finished stays finished", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else USAGE_ERROR
    except Exception as error:
        from .report import report

        return report(error)


def _dispatch(words: list[str]) -> int:
    from .commands import COMMANDS, overview

    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[1] in COMMANDS:
            return _dispatch([words[1], "--help"])
        print(overview(), end="", file=sys.stdout if words else sys.stderr)
        return 0 if words else USAGE_ERROR
    name = words[0]
    if name in ("-V", "--version"):
        from .. import __version__

        print(f"chx {__version__}")
        return 0
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `chx {near[0]}`?" if near else "see `chx --help`"
        print(f"chx: there is no command '{name}'; {hint}", file=sys.stderr)
        return USAGE_ERROR
    parser, module = command_parser(name)
    # What evaluation makes is reachable until the end, and the collector of
    # cycles would walk all of it again and again.
    import gc

    gc.disable()
    own, command = words[1:], None
    if getattr(module, "TAKES_COMMAND", False) and "--" in own:
        # argparse has its own ideas of what `--` means when options come before it.
        place = own.index("--")
        own, command = own[:place], own[place + 1 :]
    arguments = parser.parse_args(own)
    arguments.command = command
    arguments.words = words
    status: int = module.run(arguments)
    return status


def command_parser(name: str):  # type: ignore[no-untyped-def]  # modules have no static type
    """The argument parser of a command, and its module."""
    import argparse
    from importlib import import_module

    from .commands import COMMANDS

    module_name, summary = COMMANDS[name]
    module = import_module(f".{module_name}", __package__)
    parser = argparse.ArgumentParser(
        prog=f"chx {name}",
        description=getattr(module, "DESCRIPTION", summary),
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module
