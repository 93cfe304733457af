"""`chx.toml`: the nearest one at or above a directory, then the user's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .errors import BadConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterator


def tables(name: str, directory: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield pairs of file and its table `[name]`, by falling precedence. Raises `BadConfiguration`."""
    for candidate in _candidates(directory):
        if os.path.isfile(candidate):
            yield candidate, _table(candidate, name)


def _candidates(directory: str) -> Iterator[str]:
    while True:
        yield os.path.join(directory, "chx.toml")
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    yield os.path.join(home, "chx", "chx.toml")


def _table(path: str, name: str) -> dict[str, Any]:
    from ..store.foreign import parse_toml

    try:
        with open(path, "rb") as file:
            table = parse_toml(file.read()).get(name, {})
    except OSError as error:
        raise BadConfiguration(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise BadConfiguration(path, str(error)) from error
    except RecursionError as error:
        raise BadConfiguration(path, "it is nested too deeply") from error
    if not isinstance(table, dict):
        raise BadConfiguration(path, f"`{name}` must be a table: [{name}]")
    return table


def setting(name: str, key: str, kind: type, directory: str | None = None) -> Any:
    """Return the value of `key` in the nearest `[name]` that has it, or None. Raises `BadConfiguration` for another type."""
    for place, table in tables(name, directory or os.getcwd()):
        if key in table:
            value = table[key]
            if not isinstance(value, kind):
                words = {bool: "true or false", str: "a string", list: "a list", int: "a number"}
                raise BadConfiguration(place, f"`{key}` in [{name}] must be {words.get(kind, kind.__name__)}")
            return value
    return None
