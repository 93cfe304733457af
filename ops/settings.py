"""Build options from chx.toml: `[limits]` and `[caches]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Never

    from ..builder import BuildOptions

MAX_SECONDS: Final = 10**9
"""About thirty years; larger values overflow the system's clocks."""
MAX_BYTES: Final = 1 << 62
MAX_NUMBER: Final = (1 << 31) - 1
_SIZES: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LONGEST: Final = 20
"""Length limit of a number, in characters."""


def whole(text: str, least: int = 0, most: int = MAX_NUMBER) -> int:
    """Parse a decimal integer. Raises ValueError with a message for the user."""
    digits = text.removeprefix("-")
    value = int(text) if digits.isascii() and digits.isdigit() and len(text) <= _LONGEST else None
    if value is None or not least <= value <= most:
        _refuse(text, f"a whole number from {least} to {most}")
    return value


def count(text: str) -> int:
    """Parse a non-negative integer. Raises ValueError."""
    return whole(text)


def _decimal(text: str) -> float | None:
    """Parse a decimal number without sign or exponent; return None for anything else."""
    before, _, after = text.partition(".")
    plain = (before + after).isascii() and (before + after).isdigit() and len(text) <= _LONGEST
    return float(text) if plain else None


def seconds(text: str) -> float:
    """Parse a number of seconds. Raises ValueError."""
    value = _decimal(text)
    if value is None or value > MAX_SECONDS:
        _refuse(text, f"a number of seconds from 0 to {MAX_SECONDS}")
    return value


def size(text: str) -> int:
    """Parse a number of bytes, with K, M, G or T for powers of 1024. Raises ValueError."""
    unit = text[-1:].upper() if text[-1:].upper() in _SIZES else ""
    return int(scaled(text, text[: len(text) - len(unit)], _SIZES[unit], "a number of bytes such as 4096, 512M or 4G"))


def scaled(text: str, number: str, unit: int, what: str, most: int = MAX_BYTES) -> float:
    """Multiply `number` by `unit`. Raises ValueError: `text` is not `what`."""
    value = _decimal(number)
    if value is None or value * unit > most:
        _refuse(text, what)
    return int(number) * unit if number.isdigit() else value * unit


def _refuse(text: str, what: str) -> Never:
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    raise ValueError(f"{shown!r} is not {what}")


class Limit(NamedTuple):
    """A limit: its field of `BuildOptions`, its parser, its unit, and its effect in a phrase."""

    field: str
    read: Callable[[str], float]
    unit: str
    help: str


LIMITS: Final = {
    "timeout": Limit("timeout_seconds", seconds, "SECONDS", "end a build or download that takes longer than SECONDS"),
    "max-silent-time": Limit("silence_seconds", seconds, "SECONDS", "end a build that prints nothing for SECONDS"),
    "max-log-size": Limit("max_log_bytes", size, "SIZE", "end a build that prints more than SIZE"),
    "max-output-size": Limit(
        "max_output_bytes", size, "SIZE", "end a build whose outputs together exceed SIZE: bytes, or 512M, 4G"
    ),
    "max-download-size": Limit(
        "max_download_bytes", size, "SIZE", "fetch at most SIZE of a file that declares no size (default: 16G)"
    ),
    "max-processes": Limit("max_processes", count, "N", "refuse a build more than N processes"),
    "max-memory": Limit("max_memory_bytes", size, "SIZE", "refuse a build more memory than SIZE: bytes, or 512M, 4G"),
}
"""Limits of builds, by the name of the setting and option."""
_WORDS: Final = {"SECONDS": "a number of seconds", "SIZE": "a number of bytes, or a text such as 512M", "N": "a number"}


def configured_limits() -> dict[str, Any]:
    """Return the fields of `BuildOptions` that `[limits]` sets. Raises `BadConfiguration`."""
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


def configured_caches() -> dict[str, Any]:
    """Return the fields of `BuildOptions` that `[caches]` sets. Raises `BadConfiguration`."""
    from ..builder import setting

    return {
        "caches": tuple(map(str, setting("caches", "urls", list) or ())),
        "trusted_keys": tuple(map(str, setting("caches", "trusted-keys", list) or ())),
        "signatures": setting("caches", "signatures", int) or 1,
    }


def configured(**changes: Any) -> BuildOptions:
    """Return the options that chx.toml sets, with `changes` to single fields. Raises `BadConfiguration`."""
    from ..builder import BuildOptions
    from .pinned_files import archive_time, pinned_size
    from .remote import configured_remote

    return BuildOptions(
        **{
            "known_size": pinned_size,
            "archive_time": archive_time,
            **configured_limits(),
            **configured_caches(),
            **({} if "remote" in changes else {"remote": configured_remote()}),
            **changes,
        }
    )
