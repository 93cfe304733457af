"""Numbers on the command line, and the options that limit builds.

The command line sets a limit, else `[limits]` in chx.toml, else the default of `BuildOptions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ...ops import settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

T = TypeVar("T")


def argument(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return an argparse type that reports the ValueError of a function as its message."""

    def argument_of(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            from argparse import ArgumentTypeError

            raise ArgumentTypeError(str(error)) from error

    return argument_of


count = argument(settings.count)
"""A whole number that is 0 or more."""
positive = argument(lambda text: settings.whole(text, 1))
"""A whole number that is 1 or more."""
size = argument(settings.size)
"""A number of bytes, as 512M or 2G."""
port = argument(lambda text: settings.whole(text, 0, 65535))
"""A port of TCP; 0 for any."""


def configure(group: Any) -> None:
    """Add the options to a parser or a group of one."""
    for name, limit in settings.LIMITS.items():
        group.add_argument(f"--{name}", type=argument(limit.read), metavar=limit.unit, help=limit.help)


def limits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of `BuildOptions` that the command line sets."""
    values = {limit.field: getattr(arguments, name.replace("-", "_"), None) for name, limit in settings.LIMITS.items()}
    return {field: value for field, value in values.items() if value is not None}
