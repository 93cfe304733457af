"""Names of store objects made from paths."""

from __future__ import annotations

from .errors import FileUnavailable, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


def store_name(path: str) -> str:
    """Return the name of the object for a path: its last component."""
    name = path.rpartition("/")[2]
    if not name:
        raise FileUnavailable("the root directory cannot be copied to the store")
    check(name)
    return name


_ALLOWED: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=")
_LONGEST: Final = 211


def check(name: str) -> None:
    """Raise an error for an invalid name of a store object: the rules of `store.path.check_name` in Nix's words."""
    if not name:
        raise FileUnavailable("name must not be empty")
    if len(name) > _LONGEST:
        raise FileUnavailable(f"name '{readable(name)}' must be no longer than {_LONGEST} characters")
    if name in (".", "..") or name.startswith((".-", "..-")):
        raise FileUnavailable(f"name '{name}' is not valid")
    if _ALLOWED.issuperset(name):
        return
    for c in readable(name):
        if c not in _ALLOWED:
            raise FileUnavailable(
                f"name '{readable(name)}' contains illegal character '{c}'",
                hint="use letters, digits and + - . _ ? = only",
            )
