"""`chx completion`: print completion scripts for shells."""

from __future__ import annotations

import argparse

from ..ops.errors import RequestError
from .commands import COMMANDS
from .output import put

DESCRIPTION = """\
Print a script that makes a shell complete chx's commands and options.

  bash   chx completion bash > ~/.local/share/bash-completion/completions/chx
  zsh    chx completion zsh > ~/.zfunc/_chx     (a folder of $fpath)
  tcsh   chx completion tcsh > ~/.chx.completion.csh
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"])


def run(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise RequestError(
            "completion scripts are written by the package 'shtab', which is not installed",
            hint="pip install shtab",
        ) from None
    put(shtab.complete(whole_parser(), arguments.shell) + "\n")
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """Return a parser that knows every command, for completion and documentation."""
    from importlib import import_module

    parser = argparse.ArgumentParser(prog="chx")
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    for name, (module, summary) in COMMANDS.items():
        import_module(f".{module}", __package__).configure(commands.add_parser(name, help=summary))
    return parser
