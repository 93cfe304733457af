"""Versions of apk, and their order.

    NUMBER { .NUMBER } [ letter ] { _SUFFIX [NUMBER] } [ ~HEX ] [ -rNUMBER ]

A version is a list of parts. Two are compared part by part (docs/apk-format.md). `_key` maps each to a list whose order is that of the
versions, so that sorting needs no comparing function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from .errors import BadVersion

PRE_RELEASES: Final = ("alpha", "beta", "pre", "rc")
POST_RELEASES: Final = ("cvs", "svn", "git", "hg", "p")
MOST_CHARACTERS: Final = 256

_SUFFIXES: Final = {name: number for number, name in enumerate((*PRE_RELEASES, *POST_RELEASES))}
_WHOLE: Final = re.compile(
    r"([0-9]+)((?:\.[0-9]+)*)([a-z]?)"
    rf"((?:_(?:{'|'.join(_SUFFIXES)})[0-9]*)*)"
    r"(?:~([0-9a-f]+))?(?:-r([0-9]+))?",
    re.ASCII,
)
_SUFFIX: Final = re.compile(r"_([a-z]+)([0-9]*)")

# Ranks of kinds of parts: where kinds differ, the version with the lower rank is less.
_PRE_RELEASE, _END, _REVISION, _HASH, _SUFFIX_NUMBER, _POST_RELEASE, _LETTER, _FURTHER, _FIRST = range(9)

_Part = tuple[int, int, int, str]
"""Rank, and what orders parts of one kind: numbers by class and length, then all by text."""


def _number(rank: int, digits: str) -> _Part:
    # Not as an integer: Python reads no more than 4300 digits, and takes quadratic time for them.
    significant = digits.lstrip("0")
    return (rank, 1, len(significant), significant)


def _further(digits: str) -> _Part:
    """A number after a dot: with a leading zero it is a text, and so less than any without."""
    return (_FURTHER, 0, 0, digits) if digits[0] == "0" else (_FURTHER, 1, len(digits), digits)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A valid version. Equal and ordered as apk does it: `1` and `01` are equal."""

    text: str = field(compare=False)
    parts: tuple[_Part, ...] = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def begins_with(self, prefix: Version) -> bool:
        """Whether `~prefix` accepts this version: it begins with the parts of `prefix`."""
        count = len(prefix.parts) - 1
        return self.parts[:count] == prefix.parts[:count]


@lru_cache(maxsize=4096)
def parse(text: str) -> Version:
    """Return a version. Raises `BadVersion`."""
    found = _WHOLE.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise BadVersion(text)
    first, further, letter, suffixes, hash_, revision = found.groups()
    parts = [_number(_FIRST, first)]
    if further:
        parts += map(_further, further[1:].split("."))
    if letter:
        parts.append((_LETTER, 0, 0, letter))
    if suffixes:
        for name, digits in _SUFFIX.findall(suffixes):
            rank = _PRE_RELEASE if name in PRE_RELEASES else _POST_RELEASE
            parts.append((rank, 0, _SUFFIXES[name], ""))
            if digits:
                parts.append(_number(_SUFFIX_NUMBER, digits))
    if hash_:
        parts.append((_HASH, 0, 0, hash_))
    if revision:
        parts.append(_number(_REVISION, revision))
    parts.append((_END, 0, 0, ""))
    return Version(text, tuple(parts))


def is_valid(text: str) -> bool:
    """Whether a text is a version."""
    return len(text) <= MOST_CHARACTERS and _WHOLE.fullmatch(text) is not None


def compare(a: str, b: str) -> int:
    """Return -1, 0 or 1: whether version `a` is less than, equal to or greater than `b`. Raises `BadVersion`."""
    left, right = parse(a).parts, parse(b).parts
    return (left > right) - (left < right)


def matches_fuzzily(version: str, prefix: str) -> bool:
    """Whether `~prefix` accepts `version`. Raises `BadVersion`."""
    return parse(version).begins_with(parse(prefix))
