"""`chx.toml`: the nearest one at or above a directory, then the user's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from .errors import BadConfiguration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEYS: Final[dict[str, tuple[str, ...] | None]] = {
    "fetch": ("debian-mirror", "debian-snapshots", "hashed-mirrors"),
    "caches": ("urls", "trusted-keys", "signatures"),
    "gc": ("keep-derivations", "keep-outputs"),
    # Their readers know what may be in them.
    "limits": None,
    "evaluation": ("flakes",),
    "inputs": None,
    "remote": None,
}
"""The sections of `chx.toml`, and the keys of each."""


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
            whole = parse_toml(file.read())
    except OSError as error:
        raise BadConfiguration(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise BadConfiguration(path, str(error)) from error
    except RecursionError as error:
        raise BadConfiguration(path, "it is nested too deeply") from error
    check_names(path, whole)
    table = whole.get(name, {})
    if not isinstance(table, dict):
        raise BadConfiguration(path, f"`{name}` must be a table: [{name}]")
    return table


def check_names(path: str, whole: dict[str, Any]) -> None:
    """Raise `BadConfiguration` for a section or a key that there is none of: a setting must not be missing by a slip."""
    for name, table in whole.items():
        if name not in KEYS:
            where = next((section for section, keys in KEYS.items() if keys and name in keys), None)
            if where is not None:
                raise BadConfiguration(path, f"`{name}` belongs in [{where}]")
            raise BadConfiguration(path, f"there is no section [{name}]{_guess(name, KEYS, '[{}]')}")
        keys = KEYS[name]
        if keys is not None and isinstance(table, dict):
            for key in table:
                if key not in keys:
                    raise BadConfiguration(path, f"`{key}` in [{name}] is no setting{_guess(key, keys, '`{}`')}")


def _guess(name: str, known: Iterable[str], form: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower().replace("_", "-"), list(known), 1)
    if near:
        return f"; did you mean {form.format(near[0])}?"
    return f"; there are {', '.join(form.format(one) for one in known)}"


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
