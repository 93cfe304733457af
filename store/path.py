"""Names of store objects."""

from __future__ import annotations

from ..frozen import Frozen
from ..native import share
from .digest import BASE32_ALPHABET
from .errors import DamagedRow, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

STORE_DIR: Final = "/chx/store"
HASH_LENGTH: Final = 32
_NAME_CHARACTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=")
_HASH_CHARACTERS: Final = frozenset(BASE32_ALPHABET)


class InvalidStorePath(StoreError):
    """A text that is not the name of a store object."""


def check_name(name: str) -> None:
    """Raise `InvalidStorePath` unless `name` may name a store object (the rules of Nix)."""
    if not name:
        raise InvalidStorePath("a store object needs a name that is not empty", code="S010")
    if len(name) > 211:
        raise InvalidStorePath(f"name '{name[:40]}...' is longer than 211 characters", code="S010")
    if not _NAME_CHARACTERS.issuperset(name) or name in (".", "..") or name.startswith((".-", "..-")):
        raise InvalidStorePath(
            f"name '{name}' is not allowed for a store object",
            hint="use letters, digits and + - . _ ? = only",
            code="S010",
        )


class StorePath(Frozen):
    """`/chx/store/<hash>-<name>`; `hash` is 32 characters of Nix base-32."""

    hash: str
    name: str

    @classmethod
    def parse(cls, text: str) -> StorePath:
        """Parse a full path or a base name. Raises `InvalidStorePath`."""
        base = text[len(STORE_DIR) + 1 :] if text.startswith(STORE_DIR + "/") else text
        if len(base) < HASH_LENGTH + 2 or base[HASH_LENGTH] != "-" or "/" in base:
            raise InvalidStorePath(f"'{text}' is not a store path", code="S011")
        digits, name = base[:HASH_LENGTH], base[HASH_LENGTH + 1 :]
        if not _HASH_CHARACTERS.issuperset(digits):
            raise InvalidStorePath(f"'{text}' is not a store path: bad hash part", code="S011")
        check_name(name)
        return cls(digits, name)

    @property
    def base(self) -> str:
        """`<hash>-<name>`, the name in the store directory."""
        return f"{self.hash}-{self.name}"

    @property
    def is_derivation(self) -> bool:
        return self.name.endswith(".drv")

    def __str__(self) -> str:
        return f"{STORE_DIR}/{self.hash}-{self.name}"


def stored_path(base: Any) -> StorePath:
    """Return the store path of a base name in a database cell; checks only its shape. Raises `DamagedRow`."""
    try:
        if base[HASH_LENGTH] == "-":
            return StorePath(base[:HASH_LENGTH], base[HASH_LENGTH + 1 :])
    except (TypeError, IndexError):
        pass
    raise DamagedRow(f"names {base!r} where an object should stand")


def parsed(base: object) -> StorePath | None:
    """Return the path whose base name is in a cell of the database; None for other content."""
    if type(base) is not str:
        return None
    try:
        path = StorePath.parse(base)
    except InvalidStorePath:
        return None
    return path if path.base == base else None


share(StorePath=StorePath, STORE_DIR=STORE_DIR)
