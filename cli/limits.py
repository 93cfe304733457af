"""Numbers that a user says: how they are read, and those that limit builds.

Of a limit counts what the command line says, else `[limits]` in chx.toml, else what `BuildOptions` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Never

MOST_SECONDS: Final = 10**9
"""Thirty years: more overflows the clocks of the system."""
MOST_BYTES: Final = 1 << 62
MOST: Final = (1 << 31) - 1
_SIZES: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LONGEST: Final = 20
"""Characters of a number."""


def whole(text: str, least: int = 0, most: int = MOST) -> int:
    """A whole number in decimal digits. Raises `ArgumentTypeError`, which argparse shows."""
    digits = text.removeprefix("-")
    value = int(text) if digits.isascii() and digits.isdigit() and len(text) <= _LONGEST else None
    if value is None or not least <= value <= most:
        _refuse(text, f"a whole number from {least} to {most}")
    return value


def count(text: str) -> int:
    """0 or more."""
    return whole(text)


def positive(text: str) -> int:
    """1 or more."""
    return whole(text, 1)


def port(text: str) -> int:
    """A port of TCP; 0 for any."""
    return whole(text, 0, 65535)


def _decimal(text: str) -> float | None:
    """A number without sign or exponent; None for anything else."""
    before, _, after = text.partition(".")
    plain = (before + after).isascii() and (before + after).isdigit() and len(text) <= _LONGEST
    return float(text) if plain else None


def seconds(text: str) -> float:
    """A time. Raises `ArgumentTypeError`."""
    value = _decimal(text)
    if value is None or value > MOST_SECONDS:
        _refuse(text, f"a number of seconds from 0 to {MOST_SECONDS}")
    return value


def size(text: str) -> int:
    """A number of bytes, with K, M, G or T for powers of 1024. Raises `ArgumentTypeError`."""
    unit = text[-1:].upper() if text[-1:].upper() in _SIZES else ""
    return int(scaled(text, text[: len(text) - len(unit)], _SIZES[unit], "a number of bytes such as 4096, 512M or 4G"))


def scaled(text: str, number: str, unit: int, what: str, most: int = MOST_BYTES) -> float:
    """`number` times `unit`, of which `text` is made. Raises `ArgumentTypeError`: it is not `what`."""
    value = _decimal(number)
    if value is None or value * unit > most:
        _refuse(text, what)
    return int(number) * unit if number.isdigit() else value * unit


def _refuse(text: str, what: str) -> Never:
    from argparse import ArgumentTypeError

    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    raise ArgumentTypeError(f"{shown!r} is not {what}")


class Limit(NamedTuple):
    """A limit: its field of `BuildOptions`, how it is read, what it is, and what comes of it."""

    field: str
    read: Callable[[str], float]
    unit: str
    help: str


LIMITS: Final = {
    "timeout": Limit("timeout_seconds", seconds, "SECONDS", "end a build, or a download, after so long"),
    "max-silent-time": Limit("silence_seconds", seconds, "SECONDS", "end a build that prints nothing for so long"),
    "max-log-size": Limit("max_log_bytes", size, "SIZE", "end a build that prints more than so much"),
    "max-output-size": Limit(
        "max_output_bytes", size, "SIZE", "end a build whose outputs together become larger: bytes, or 512M, 4G"
    ),
    "max-download-size": Limit(
        "max_download_bytes", size, "SIZE", "fetch no more of a file that declares no size (default: 16G)"
    ),
    "max-processes": Limit("max_processes", count, "N", "refuse a build more processes than these"),
    "max-memory": Limit("max_memory_bytes", size, "SIZE", "refuse a build more memory: bytes, or 512M, 4G"),
}
_WORDS: Final = {"SECONDS": "a number of seconds", "SIZE": "a number of bytes, or a text such as 512M", "N": "a number"}


def configure(group: Any) -> None:
    """Add the options to a parser or a group of one."""
    for name, limit in LIMITS.items():
        group.add_argument(f"--{name}", type=limit.read, metavar=limit.unit, help=limit.help)


def limits(arguments: argparse.Namespace | None = None) -> dict[str, Any]:
    """The fields of `BuildOptions` that the command line or the configuration says; raises `BadConfiguration`."""
    found = _configured()
    for name, limit in LIMITS.items():
        asked = getattr(arguments, name.replace("-", "_"), None)
        if asked is not None:
            found[limit.field] = asked
    return found


def _configured() -> dict[str, Any]:
    import argparse
    import os

    from ..builder import BadConfiguration, tables

    found: dict[str, Any] = {}
    for place, table in tables("limits", os.getcwd()):
        for name, value in table.items():
            limit = LIMITS.get(name)
            if limit is None:
                raise BadConfiguration(place, f"`{name}` in [limits] is no limit; known are {', '.join(LIMITS)}")
            try:
                if isinstance(value, bool) or not isinstance(value, (int, float, str)):
                    raise ValueError
                found.setdefault(limit.field, limit.read(str(value)))
            except (ValueError, argparse.ArgumentTypeError) as error:
                raise BadConfiguration(place, f"`{name}` in [limits] must be {_WORDS[limit.unit]}") from error
    return found
