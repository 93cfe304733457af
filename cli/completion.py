"""`chx completion`: print completion scripts for shells, and the words that complete a command line."""

from __future__ import annotations

import argparse

from ..ops.errors import RequestError
from .output import put

DESCRIPTION = """\
Print a script that makes a shell complete chx's commands, options, attributes and
files. The script asks chx at each TAB, so it knows the expression that is named.

  bash   chx completion bash > ~/.local/share/bash-completion/completions/chx
  zsh    chx completion zsh > ~/.zfunc/_chx     (a directory of $fpath)
  fish   chx completion fish > ~/.config/fish/completions/chx.fish
  tcsh   chx completion tcsh > ~/.chx.completion.csh     (commands and options alone)
"""
TAKES_COMMAND = True

SECONDS = 3.0
"""Limit of a completion: an expression may take forever."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chx completion {bash,zsh,fish,tcsh}"
    parser.add_argument("shell", choices=["bash", "zsh", "fish", "tcsh"])


def run(arguments: argparse.Namespace) -> int:
    if arguments.command is not None:
        return complete(arguments.shell, arguments.command)
    if arguments.shell == "tcsh":
        put(_static(arguments.shell) + "\n")
        return 0
    from .shells import SCRIPTS

    put(SCRIPTS[arguments.shell])
    return 0


def complete(shell: str, words: list[str]) -> int:
    """Print what the last word may become, one word on a line, with a tab and its meaning but for bash."""
    import signal

    # Ends this process silently: the shell then completes nothing.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    from .candidates import FILES, candidates

    for one in dict.fromkeys(candidates(words)):
        help = " ".join(one.help.split())
        put(f"{one.word}\t{help}\n" if help and shell != "bash" and one.word != FILES else f"{one.word}\n")
    return 0


def _static(shell: str) -> str:
    try:
        import shtab
    except ImportError:
        raise RequestError(
            "completion scripts for tcsh are written by the package 'shtab', which is not installed",
            hint="pip install shtab",
        ) from None
    text: str = shtab.complete(whole_parser(), shell)
    return text


def whole_parser() -> argparse.ArgumentParser:
    """Return a parser that knows every command, for completion and documentation."""
    from importlib import import_module

    from .commands import COMMANDS

    parser = argparse.ArgumentParser(prog="chx")
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    for name, (module, summary) in COMMANDS.items():
        import_module(f".{module}", __package__).configure(commands.add_parser(name, help=summary))
    return parser
