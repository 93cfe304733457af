"""Queries for a few objects, answered without loading slow modules.

This handles simple calls of `chx store path-info|references|referrers|closure`: it opens the database read-only through
the module below `sqlite3`. In any other case (another option, a store that needs maintenance, a missing object) the
command runs in full.
"""

from __future__ import annotations

import posix

from ...ops.paths import absolute, encoded
from ...signatures import home
from ...store.boot_id import current_boot
from ...store.path import STORE_DIR
from ...store.queries import INFO, SCHEMA_VERSION, closure, count_files, references, referrers
from ..render.objects import facts_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")
_OPTIONS = {
    "path-info": {"--json": "json", "-r": "closure", "--closure": "closure"},
    "references": {"--json": "json"},
    "referrers": {"--json": "json"},
    "closure": {"--json": "json"},
}


class _NeedsCommand(Exception):
    """The command has to run in full."""


def answer(words: list[str]) -> str | None:
    """Return the output of `chx store WORD...`; None if the command has to run in full."""
    options = _OPTIONS.get(words[0]) if words else None
    if options is None:
        return None
    chosen = [options.get(word) for word in words[1:] if word.startswith("-")]
    named = [word for word in words[1:] if not word.startswith("-")]
    if None in chosen or not named or "-" in words:
        return None
    _sqlite3 = _sqlite()
    try:
        return _Query(_sqlite3.connect).answer(words[0], named, frozenset(chosen))
    except Exception:
        # Damaged cells can have any type; the full command reports the damage.
        return None


def _sqlite() -> Any:
    """Return the module below `sqlite3`, without loading `functools`, which takes as long."""
    import sys

    if "_sqlite3" in sys.modules or "functools" in sys.modules:
        import _sqlite3

        return _sqlite3
    from _functools import _lru_cache_wrapper  # type: ignore[import-not-found]

    def lru_cache(size: int) -> Any:
        return lambda function: _lru_cache_wrapper(function, size, False, tuple)

    stand_in = type(sys)("functools")
    stand_in.lru_cache = lru_cache  # type: ignore[attr-defined]
    sys.modules["functools"] = stand_in
    try:
        import _sqlite3
    finally:
        del sys.modules["functools"]
    return _sqlite3


class _Query:
    """A read-only query of a store that needs no maintenance."""

    def __init__(self, connect: Any) -> None:
        self._home = home()
        database = f"{self._home}/db/store.sqlite"
        if absolute(self._home) != self._home or posix.stat(self._home).st_uid != posix.geteuid():
            raise _NeedsCommand
        posix.stat(database)
        try:
            posix.lstat(f"{self._home}/db/sharing")
        except FileNotFoundError:
            pass
        else:
            raise _NeedsCommand
        place = "".join([chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in encoded(database)])
        self._connection = connect(f"file:{place}?mode=ro", uri=True, isolation_level=None)
        self._rows("BEGIN")
        boot = self._rows("SELECT value FROM meta WHERE key = 'boot'")
        if self._rows("PRAGMA user_version") != [(SCHEMA_VERSION,)] or boot != [(current_boot(),)]:
            raise _NeedsCommand

    def _rows(self, statement: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        found: list[Any] = self._connection.execute(statement, arguments).fetchall()
        return found

    def answer(self, question: str, words: list[str], options: frozenset[str | None]) -> str:
        bases = list(dict.fromkeys([self._named(word) for word in words]))
        numbers = [self._number(base) for base in bases]
        if question == "path-info":
            if "closure" in options:
                bases = closure(self._rows, bases)
            return self._described(bases, "json" in options)
        if question == "closure":
            found = closure(self._rows, bases)
        elif question == "references":
            found = list(dict.fromkeys([other for base in bases for other in self._references(base)]))
        else:
            # An object that refers to itself is one of its referrers.
            own = [base for base in bases if self._info(base)[3]]
            found = sorted({*own, *[other for number in numbers for other in referrers(self._rows, number)]})
        if "json" not in options:
            return "".join([f"{STORE_DIR}/{base}\n" for base in found])
        table = {
            f"{STORE_DIR}/{base}": {
                "references": [f"{STORE_DIR}/{other}" for other in self._references(base) if other != base]
            }
            for base in found
        }
        return _json(table) + "\n"

    def _named(self, word: str) -> str:
        """Return the base name that a store path or a result link names."""
        if word.startswith(STORE_DIR + "/"):
            return word[len(STORE_DIR) + 1 :].split("/", 1)[0]
        target = posix.readlink(word)
        if not target.startswith(self._home + "/store/"):
            raise _NeedsCommand
        return target[len(self._home) + 7 :].split("/", 1)[0]

    def _number(self, base: str) -> int:
        number: int = self._info(base)[0]
        posix.lstat(f"{self._home}/store/{base}")
        return number

    def _info(self, base: str) -> Any:
        found = self._rows(INFO, (base,))
        if not found:
            raise _NeedsCommand
        return found[0]

    def _references(self, base: str) -> list[str]:
        number, _, _, own, *_ = self._info(base)
        return sorted([*references(self._rows, number), *([base] if own else [])])

    def _described(self, bases: list[str], as_json: bool) -> str:
        described = {}
        for base in bases:
            number, tree, size, _, deriver, registered, used = self._info(base)
            content = self._rows("SELECT content FROM manifests WHERE object = ?", (number,))[0][0]
            described[f"{STORE_DIR}/{base}"] = {
                "treeDigest": f"blake3:{tree.hex()}",
                "size": size,
                "files": count_files(content),
                "references": [f"{STORE_DIR}/{other}" for other in self._references(base)],
                "deriver": f"{STORE_DIR}/{deriver}" if deriver else None,
                "registered": registered,
                "used": max(registered, used or 0),
                "physical": f"{self._home}/store/{base}",
            }
        return _json(described) + "\n" if as_json else facts_text(described)


def _json(value: Any, margin: str = "") -> str:
    """Format as `json.dumps` with an indent of 2 and sorted keys; for the types of these queries."""
    deeper = margin + "  "
    if isinstance(value, dict):
        items = [f"{deeper}{_json(key)}: {_json(value[key], deeper)}" for key in sorted(value)]
        return "{\n" + ",\n".join(items) + f"\n{margin}}}" if items else "{}"
    if isinstance(value, list):
        items = [f"{deeper}{_json(item, deeper)}" for item in value]
        return "[\n" + ",\n".join(items) + f"\n{margin}]" if items else "[]"
    if isinstance(value, str):
        from _json import encode_basestring_ascii

        text: str = encode_basestring_ascii(value)
        return text
    return "null" if value is None else str(value)
