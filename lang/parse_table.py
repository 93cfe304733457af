"""Load the parse tables: from a file beside the grammar, a cache, or Lark.

`python -m chx.lang.parse_table FILE` writes the file beside the grammar in an installed package. Without it the first
parse makes the tables with Lark and caches them under `$CHX_HOME/cache/lang` (else `$XDG_DATA_HOME/chx/cache/lang`).

A file is a digest of its rest, the key of the sources of the tables, and marshalled data. Any other file counts as
missing.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOLDER = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(_FOLDER, "table.bin")
_MADE_FROM = ("grammar.lark", "generator.py", "patterns.py")

_tables: dict[str, Any] | None = None


def load_table() -> dict[str, Any]:
    """Return `fast` and `patterns`, as generator.py and patterns.py describe them, and `plain`, still marshalled."""
    global _tables
    if _tables is None:
        key = _key()
        _tables = _read(SHIPPED, key)
        if _tables is None:
            cached = _cache_file(key)
            _tables = _read(cached, key)
            if _tables is None:
                data = _generate()
                _store(cached, _encode(data, key))
                _tables = data
    return _tables


def plain_table() -> dict[str, Any]:
    """Return Lark's automaton, for explaining errors."""
    plain: dict[str, Any] = marshal.loads(load_table()["plain"])
    return plain


def write(file: str) -> None:
    """Write the tables of the grammar beside this module to `file`. Raises OSError."""
    with open(file, "wb") as out:
        out.write(_encode(_generate(), _key()))


def _generate() -> dict[str, Any]:
    from .generator import generate
    from .patterns import encode

    tables = generate()
    return {"fast": tables["fast"], "plain": marshal.dumps(tables["plain"]), "patterns": encode()}


def _digest(data: bytes) -> bytes:
    """Return a 64-bit checksum against accidental damage, the one that Python uses for compiled files."""
    import _imp

    return _imp.source_hash(0x636878, data)


def _key() -> bytes:
    python = f"{sys.implementation.cache_tag} {sys.hexversion:x} {sys.maxsize:x}"
    parts = [python.encode()]
    for name in _MADE_FROM:
        try:
            with open(os.path.join(_FOLDER, name), "rb") as file:
                parts.append(file.read())
        except OSError:
            parts.append(b"")
    return _digest(b"\0".join(parts))


def _encode(data: dict[str, Any], key: bytes) -> bytes:
    payload = key + marshal.dumps(data)
    return _digest(payload) + payload


def _read(file: str, key: bytes) -> dict[str, Any] | None:
    try:
        with open(file, "rb") as opened:
            content = opened.read()
    except (OSError, ValueError):
        return None
    # Unmarshalling damaged data could crash, so the digest is checked first.
    if content[8:16] != key or _digest(content[8:]) != content[:8]:
        return None
    data: dict[str, Any] = marshal.loads(content[16:])
    return data


def _cache_file(key: bytes) -> str:
    home = os.environ.get("CHX_HOME")
    if not home:
        data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
        home = os.path.join(data, "chx")
    return os.path.join(home, "cache", "lang", f"table-{key.hex()}.bin")


def _store(file: str, content: bytes) -> None:
    """Keep the tables if that is possible; the next process makes them again if not."""
    temporary = f"{file}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(temporary, "wb") as out:
            out.write(content)
        os.replace(temporary, file)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except (OSError, ValueError):
            return


if __name__ == "__main__":
    write(sys.argv[1])
