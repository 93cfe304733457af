"""Argument parsers of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn


def command_parser(name: str):  # type: ignore[no-untyped-def]  # modules have no static type
    """Return the argument parser of a command and its module."""
    import argparse
    from importlib import import_module

    from .commands import COMMANDS

    class Parser(argparse.ArgumentParser):
        """Writes through `output`: argparse ignores failed writes and prints control characters."""

        def print_help(self, file: object = None) -> None:
            from .output import put

            put(self.format_help())

        def print_usage(self, file: object = None) -> None:
            from .output import tell

            tell(self.format_usage())

        def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
            from .output import tell

            tell(message or "")
            raise SystemExit(status)

    module_name, summary = COMMANDS[name]
    module = import_module(f".{module_name}", __package__)
    parser = Parser(
        prog=f"chx {name}",
        description=getattr(module, "DESCRIPTION", summary),
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return parser, module
