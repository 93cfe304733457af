"""Type checks for the fields of a JSON document.

Each function takes a value and its place in the document, and returns the checked value. Raises `Damaged`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...store.digest import Digest
from ...store.errors import StoreError
from ...store.path import StorePath

if TYPE_CHECKING:
    from collections.abc import Collection


LONGEST_NAME: Final = 100


class Damaged(Exception):
    """A damaged field: its place in the document, and the problem."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


def mapping_at(value: Any, where: str) -> dict[str, Any]:
    """Check an object with any keys."""
    if not isinstance(value, dict):
        raise Damaged(where, "is no object")
    return value


def record_at(value: Any, where: str, fields: Collection[str]) -> dict[str, Any]:
    """Check an object with exactly these keys."""
    found = mapping_at(value, where)
    for missing in sorted(set(fields) - found.keys()):
        raise Damaged(where, f"lacks '{missing}'")
    for extra in sorted(found.keys() - set(fields)):
        raise Damaged(where, f"has a field that is not in the format: '{extra}'")
    return found


def list_at(value: Any, where: str) -> list[Any]:
    """Check a list."""
    if not isinstance(value, list):
        raise Damaged(where, "is no list")
    return value


def text_at(value: Any, where: str) -> str:
    """Check a string."""
    if not isinstance(value, str):
        raise Damaged(where, "is no text")
    return value


def name_at(value: Any, where: str) -> str:
    """Check the name of a set, a seed or a package."""
    if not isinstance(value, str) or not is_name(value):
        raise Damaged(where, "is no name: it takes 1 to 100 visible ASCII characters")
    return value


def is_name(text: str) -> bool:
    """Return whether `text` has 1 to 100 visible ASCII characters, so that no two names look alike."""
    return 0 < len(text) <= LONGEST_NAME and all("!" <= character <= "~" for character in text)


def flag_at(value: Any, where: str, may_be_null: bool = True) -> bool | None:
    """Check a boolean, or null where that is allowed."""
    if isinstance(value, bool) or (value is None and may_be_null):
        return value
    raise Damaged(where, "is neither true nor false")


def path_at(value: Any, where: str) -> StorePath:
    """Parse a full store path in its canonical spelling."""
    text = text_at(value, where)
    try:
        path = StorePath.parse(text)
    except StoreError as error:
        raise Damaged(where, str(error)) from error
    if str(path) != text:
        raise Damaged(where, f"'{text}' is not a whole store path")
    return path


def digest_at(value: Any, where: str) -> Digest:
    """Parse a BLAKE3 digest: 64 lower-case hexadecimal digits."""
    text = text_at(value, where)
    try:
        digest = Digest.parse(text)
    except ValueError as error:
        raise Damaged(where, f"is no BLAKE3 digest: {error}") from error
    if str(digest) != text:
        raise Damaged(where, "is no BLAKE3 digest in lower case")
    return digest


def paths_at(value: Any, where: str) -> tuple[StorePath, ...]:
    """Parse a list of store paths."""
    return tuple(path_at(item, f"{where}[{number}]") for number, item in enumerate(list_at(value, where)))


def references_at(value: Any, where: str) -> tuple[StorePath, ...]:
    """Parse a sorted list of store paths without duplicates."""
    paths = paths_at(value, where)
    if list(paths) != sorted(set(paths)):
        raise Damaged(where, "is not sorted, or has a path twice")
    return paths


def texts_at(value: Any, where: str) -> tuple[str, ...]:
    """Check a list of strings."""
    return tuple(text_at(item, f"{where}[{number}]") for number, item in enumerate(list_at(value, where)))
