"""Names for store objects made from paths."""

from __future__ import annotations

from .errors import FileUnavailable, readable


def store_name(path: str) -> str:
    """The name that the object for a path gets: its last component."""
    name = path.rpartition("/")[2]
    if not name:
        raise FileUnavailable("the root directory cannot be copied to the store")
    check(name)
    return name


def check(name: str) -> None:
    """Raise unless a store object may be called that."""
    from ..store.path import InvalidStorePath, check_name

    try:
        check_name(name)
    except InvalidStorePath as error:
        raise FileUnavailable(readable(error.message), hint=error.hint) from None
