"""Limits of builds: what the command line says, else `[limits]` in chx.toml, else what `BuildOptions` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def number(text: str) -> int:
    """An argument that is 0 or more; argparse shows the name of this function if it is not."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def amount(text: str) -> int:
    """An argument that is a number of bytes, with K, M, G or T for powers of 1024."""
    power = "KMGT".find(text[-1:].upper()) + 1 if text else 0
    count = number(text[:-1] if power else text)
    return count << 10 * power


def seconds(text: str) -> float:
    """An argument that is a time."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError
    return value


class Limit(NamedTuple):
    """A limit: its field of `BuildOptions`, how it is read, what it is, and what comes of it."""

    field: str
    read: Callable[[str], float]
    unit: str
    help: str


LIMITS: Final = {
    "timeout": Limit("timeout_seconds", seconds, "SECONDS", "end a build, or a download, after so long"),
    "max-silent-time": Limit("silence_seconds", seconds, "SECONDS", "end a build that prints nothing for so long"),
    "max-log-size": Limit("max_log_bytes", amount, "SIZE", "end a build that prints more than so much"),
    "max-output-size": Limit(
        "max_output_bytes", amount, "SIZE", "end a build whose outputs together become larger: bytes, or 512M, 4G"
    ),
    "max-download-size": Limit(
        "max_download_bytes", amount, "SIZE", "fetch no more of a file that declares no size (default: 16G)"
    ),
    "max-processes": Limit("max_processes", number, "N", "refuse a build more processes than these"),
    "max-memory": Limit("max_memory_bytes", amount, "SIZE", "refuse a build more memory: bytes, or 512M, 4G"),
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
            except ValueError as error:
                raise BadConfiguration(place, f"`{name}` in [limits] must be {_WORDS[limit.unit]}") from error
    return found
