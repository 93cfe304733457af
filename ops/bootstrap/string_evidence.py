"""Printable strings of store objects: those that objects share, and those that sources explain.

A string is a run of `SHORTEST` or more printable characters. The words in it distinguish it from tables and
machine code. A source explains a string that it contains: as text with or without C's escapes, or as a list of
numbers, either bytes or 32-bit words.
"""

from __future__ import annotations

import os
import re
from operator import eq
from typing import TYPE_CHECKING, Final

from ...store.digest import Digest
from ...store.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ...store.path import StorePath
    from ...store.store import Store

    Place = tuple[StorePath, str]

SHORTEST: Final = 16
_RUN: Final = re.compile(rb"[\x20-\x7e]{%d,}" % SHORTEST)
_WORDS: Final = re.compile(rb"[A-Za-z][a-z]{2,}|\d+(?:\.\d+)+")
"""Words and version numbers."""
_NAME: Final = re.compile(rb"[\w.$-]{%d,}" % SHORTEST)
_IN_QUOTES: Final = rb'(?:[^"\\\n]|\\.)*'
_LITERAL: Final = re.compile(rb'"(%b)"' % _IN_QUOTES)
_LITERALS: Final = re.compile(rb'"%b"(?:\s*"%b")*' % (_IN_QUOTES, _IN_QUOTES))
_ESCAPED: Final = re.compile(rb"\\(?:[abefnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]+)")
"""Escapes of unprintable characters, which end a string."""
_QUOTING: Final = re.compile(rb"\\([\"'\\?])")
_WORD: Final = re.compile(rb"\w+")
_SIGNATURE: Final = re.compile(rb"\[\w+ = .+\]$")
"""The end of __PRETTY_FUNCTION__ in a template."""
_MANGLED: Final = re.compile(rb"\*?(?:_Z|St|[NKPR])[\w.$]*")
"""Mangled names of functions and types in the C++ ABI."""
_NUMBER: Final = re.compile(rb"[1-9]\d*")
_BETWEEN: Final = (b"(", b")", b", ", b"|")
"""Separators between names in a stringified macro argument."""
_LONGEST_STITCHED: Final = 200
_MOST_STITCHED: Final = 5000
BINARY: Final = (b"\x7fELF", b"!<arch>\n", b"!<thin>\n")
MOST: Final = 400
"""Limit of reported unexplained strings; beyond it their number does not matter."""
_EXCEPTIONS: Final = 40
"""Per file, at most this many strings are searched in unusual spellings; more would be no exceptions, and slow."""
_LEAD: Final = 4
_WORTH_KEEPING: Final = 1 << 20
_VERSION: Final = 4


class Strings:
    """Strings of the objects of a store; each object is read once.

    Strings of large objects are cached on disk, and read from there only with `trusts_cache`. Whoever can write the
    cache can remove strings from it, so that signing requires reading the objects again.
    """

    def __init__(self, store: Store, trusts_cache: bool = True) -> None:
        self._store = store
        self._trusts_cache = trusts_cache
        self._runs: dict[tuple[StorePath, ...], dict[bytes, Place]] = {}
        self._marks: dict[StorePath, frozenset[bytes]] = {}

    def shared(self, objects: Iterable[StorePath], others: Iterable[StorePath]) -> dict[bytes, Place]:
        """Return the strings of `objects` that binaries of `others` contain too, each with a place in `objects`."""
        found = self._strings(tuple(objects))
        result: dict[bytes, Place] = {}
        for other in others:
            result.update((text, found[text]) for text in found.keys() & self._marked(other))
        return result

    def held_by(self, objects: Iterable[StorePath]) -> set[bytes]:
        """Return the strings in binaries (programs, object files, archives) of `objects`."""
        return {text for path in objects for text in self._marked(path)}

    def unexplained(self, strings: Mapping[bytes, Place], sources: Sources) -> set[bytes]:
        """Return the strings that no source explains; if there are very many, some of the `MOST` longest."""
        left: set[bytes] = set()
        unknown = [text for text in strings if not sources.look_up(text)]
        concatenated = sources.concatenated(unknown)
        for text in sorted(unknown, key=lambda text: (-len(text), text)):
            if text not in concatenated and not sources.hold(text):
                left.add(text)
                if len(left) == MOST:
                    break
        by_file: dict[Place, list[bytes]] = {}
        for text in left:
            by_file.setdefault(strings[text], []).append(text)
        for few in by_file.values():
            if len(few) <= _EXCEPTIONS:
                left.difference_update([text for text in few if sources.contains_escaped(text)])
        return left

    def _strings(self, objects: tuple[StorePath, ...]) -> dict[bytes, Place]:
        if objects not in self._runs:
            found: dict[bytes, Place] = {}
            for path in objects:
                for file, content in self.files(path):
                    for text in significant(content):
                        found.setdefault(text, (path, file))
            self._runs[objects] = found
        return self._runs[objects]

    def _marked(self, path: StorePath) -> frozenset[bytes]:
        """Return the strings in binaries of an object."""
        if path not in self._marks:
            large = self._store.info(path).size >= _WORTH_KEEPING
            kept = self._load(path) if large and self._trusts_cache else None
            if kept is None:
                found: set[bytes] = set()
                for _, content in self.files(path):
                    if content.startswith(BINARY):
                        found |= significant(content)
                kept = frozenset(found)
                if large:
                    self._save(path, kept)
            self._marks[path] = kept
        return self._marks[path]

    def files(self, path: StorePath) -> Iterator[tuple[str, bytes]]:
        """Yield the path and content of every non-empty file of an object."""
        for entry in self._store.manifest(path):
            if entry.kind in (Kind.FILE, Kind.EXECUTABLE) and entry.size:
                with self._store.open_file(path, entry.path) as file:
                    yield entry.path, file.read()

    def texts(self, path: StorePath) -> Iterator[bytes]:
        """Yield the content of every non-binary file of an object."""
        for _, content in self.files(path):
            if not content.startswith(BINARY):
                yield content

    def _place(self, path: StorePath) -> str:
        return f"{self._store.home}/cache/strings/{_VERSION}-{path.hash}"

    def _load(self, path: StorePath) -> frozenset[bytes] | None:
        try:
            with open(self._place(path), "rb") as file:
                digest, _, text = file.read().partition(b"\n")
        except OSError:
            return None
        # A power failure may leave an empty file.
        return frozenset(text.split(b"\n")) if digest == _digest(text) else None

    def _save(self, path: StorePath, strings: Collection[bytes]) -> None:
        place = self._place(path)
        temporary = f"{place}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            text = b"\n".join(sorted(strings))
            with open(temporary, "wb") as file:
                file.write(_digest(text) + b"\n" + text)
            os.replace(temporary, place)
        except OSError:
            # An unwritable cache only costs time.
            return


def _digest(text: bytes) -> bytes:
    return str(Digest.of(text)).encode("ascii")


class Sources:
    """The contents of all sources of packages, for looking strings up."""

    def __init__(self, contents: Iterable[bytes]) -> None:
        parts = list(contents)
        # Most strings are names of functions, which are whole words in some source: a look-up replaces the search.
        self._names = {name for part in parts for name in _NAME.findall(part)}
        # Most others are messages, which are quoted in a source.
        self._quoted = {text for part in parts for text in quoted(part)}
        self._everything = b"\0".join(parts)
        self._held: dict[bytes, bool] = {}
        self._spelt_out: dict[bytes, bool] = {}

    def look_up(self, text: bytes) -> bool:
        """Return whether a source contains `text` as a name or a literal; fast."""
        return text in self._names or text in self._quoted

    def concatenated(self, texts: Collection[bytes]) -> set[bytes]:
        """Return those of `texts` that a compiler concatenates from parts in sources.

        Macros join literals and names, the name of a template function includes its arguments, and mangled names
        include names of a source. A sentence is not explained by its words: the spaces between them must be in a
        literal. Of very many texts, none is explained: these come from elsewhere.
        """
        if not 0 < len(texts) <= _MOST_STITCHED:
            return set()
        names = {text: set(_WORD.findall(text)) for text in texts if _SIGNATURE.search(text)}
        names |= {text: mangled for text in texts if (mangled := mangled_names(text))}
        short = [text for text in texts if len(text) <= _LONGEST_STITCHED]
        substrings = {text[start:end] for text in short for end in range(1, len(text) + 1) for start in range(end)}
        substrings.update(*names.values())
        words = substrings.intersection(_WORD.findall(self._everything))
        pieces = words.union(substrings.intersection(quoted(self._everything, 1)))
        return {text for text, used in names.items() if used <= words} | {
            text for text in short if is_stitched(text, pieces)
        }

    def hold(self, text: bytes) -> bool:
        """Return whether a source contains `text` verbatim."""
        if self.look_up(text):
            return True
        if text not in self._held:
            self._held[text] = text in self._everything
        return self._held[text]

    def contains_escaped(self, text: bytes) -> bool:
        """Return whether a source contains `text` in another spelling; slow."""
        if text not in self._spelt_out:
            self._spelt_out[text] = is_spelt_out(text, self._everything)
        return self._spelt_out[text]


def significant(content: bytes) -> set[bytes]:
    """Return the strings in `content`."""
    return {text for text in _RUN.findall(content) if is_telling(text)}


def quoted(source: bytes, shortest: int = SHORTEST) -> Iterator[bytes]:
    """Yield the string literals in `source`; adjacent ones are joined, as in C."""
    for run in _LITERALS.findall(source.replace(b"'\"'", b"").replace(b"'\\\"'", b"")):
        if len(run) < shortest + 2:
            continue
        literals = _LITERAL.findall(run)
        literal = b"".join(literals)
        for piece in _ESCAPED.split(literal) if b"\\" in literal else (literal,):
            if len(piece) >= shortest:
                yield _QUOTING.sub(rb"\1", piece)


def mangled_names(text: bytes) -> set[bytes]:
    """Return the source names in a mangled name of C++, where each follows its length; none for any other text.

    Itanium C++ ABI, 5.1.
    """
    found: set[bytes] = set()
    if _MANGLED.fullmatch(text) is None:
        return found
    at = 0
    while (number := _NUMBER.search(text, at)) is not None:
        at = number.end() + int(number[0])
        name = text[number.end() : at]
        if len(name) < int(number[0]) or _WORD.fullmatch(name) is None:
            return set()
        found.add(name)
    return found


def is_stitched(text: bytes, pieces: Collection[bytes]) -> bool:
    """Return whether `text` is a concatenation of at most five of `pieces`, or of more with mean length six."""
    most = max(5, len(text) // 6)
    least = [0, *(most + 1 for _ in text)]
    for end in range(1, len(text) + 1):
        for start in range(end):
            if least[start] > most:
                continue
            piece = text[start:end]
            cost = 0 if piece in _BETWEEN else 1 if piece in pieces else most + 1
            least[end] = min(least[end], least[start] + cost)
    return least[-1] <= most


def is_telling(text: bytes) -> bool:
    """Return whether a run is two fifths words, and no table of two-byte characters, which repeats every other byte."""
    if 5 * sum(map(len, _WORDS.findall(text))) < 2 * len(text):
        return False
    repeated: int = sum(map(eq, text, text[2:]))
    return 3 * repeated < len(text)


def is_spelt_out(text: bytes, source: bytes) -> bool:
    """Return whether `source` contains `text` verbatim, with C's escapes, or as a list of bytes or of 32-bit words.

    Bytes before a string may be printable by chance, so that up to `_LEAD` leading ones are ignored.
    """
    for extra in range(min(_LEAD, len(text) - SHORTEST) + 1):
        if text[extra:] in source:
            return True
    if any(byte in text for byte in b"\"'\\?"):
        escaped = b"".join(b"\\\\?" + re.escape(bytes((byte,))) for byte in text)
        return re.search(escaped, source) is not None
    return any(re.search(pattern, source, re.IGNORECASE) is not None for pattern in _as_numbers(text))


def _as_numbers(text: bytes) -> Iterator[bytes]:
    between = rb"[\s,]+"
    yield rb"\b" + between.join(b"%d" % byte for byte in text) + rb"\b"
    yield between.join(rb"0x0*%x\b" % byte for byte in text)
    if len(text) % 4 == 0:
        words = [int.from_bytes(text[start : start + 4], "little") for start in range(0, len(text), 4)]
        yield between.join(rb"0x0*%xU?L?\b" % word for word in words)
