"""Dependencies, and the names of packages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .errors import BadDependency, BadName
from .versions import is_valid, parse

EQUAL: Final = 1
LESS: Final = 2
GREATER: Final = 4
FUZZY: Final = 8
CONFLICT: Final = 16
CHECKSUM: Final = LESS | GREATER
"""The version is the text of a checksum, and exactly that package is meant."""
ANY: Final = EQUAL | LESS | GREATER
"""Without a version."""

_OPERATORS: Final = {
    "=": EQUAL,
    "<": LESS,
    "<=": LESS | EQUAL,
    ">": GREATER,
    ">=": GREATER | EQUAL,
    "~": FUZZY | EQUAL,
    ">~": GREATER | FUZZY | EQUAL,
    "<~": LESS | FUZZY | EQUAL,
    "><": CHECKSUM,
}
_WORDS: Final = {match: operator for operator, match in _OPERATORS.items()}
_SPELLINGS: Final = {**_OPERATORS, "~=": FUZZY | EQUAL, "=~": FUZZY | EQUAL}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_DEPENDENCY_NAME: Final = re.compile(r"[A-Za-z0-9._+,:/\[\]-]+")
_TEXT: Final = re.compile(r"(!?)([A-Za-z0-9._+,:/\[\]-]+)(?:([<>=~]+)(.+))?")
_CHECKSUM_TEXT: Final = re.compile(r"Q[12][A-Za-z0-9+/=]{1,88}")
_TAG: Final = re.compile(r"[A-Za-z0-9._+,:/\[\]=-]+")
_LONGEST: Final = 4096


def check_name(text: str) -> str:
    """Return `text` if it can be the name of a package. Raises `BadName`."""
    if len(text) > _LONGEST or not _NAME.fullmatch(text):
        raise BadName(text)
    return text


def is_tag(text: str) -> bool:
    """Whether a text can be a tag of a package."""
    return len(text) <= _LONGEST and _TAG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Dependency:
    """A name that a package needs, provides or replaces, or that it conflicts with.

    `match` is a sum of EQUAL, LESS, GREATER, FUZZY and CONFLICT: which versions are meant, compared with `version`. Without a version it
    is ANY, or ANY + CONFLICT. Raises `BadDependency`.
    """

    name: str
    version: str | None = None
    match: int = ANY

    def __post_init__(self) -> None:
        if len(self.name) > _LONGEST or not _DEPENDENCY_NAME.fullmatch(self.name):
            raise BadDependency(self.name, "the name has characters that no name has")
        match = self.match & ~CONFLICT
        if self.version is None:
            if match != ANY:
                raise BadDependency(self.name, f"the match {self.match} needs a version")
        elif match not in _WORDS or self.match >> 5:
            raise BadDependency(self.name, f"there is no match {self.match}")
        elif not (_CHECKSUM_TEXT.fullmatch(self.version) if match == CHECKSUM else is_valid(self.version)):
            what = "checksum" if match == CHECKSUM else "version of apk"
            raise BadDependency(str(self), f"'{self.version[:_LONGEST]}' is no {what}")

    def __str__(self) -> str:
        sign = "!" if self.match & CONFLICT else ""
        if self.version is None:
            return sign + self.name
        return f"{sign}{self.name}{_WORDS[self.match & ~CONFLICT]}{self.version}"

    @property
    def is_conflict(self) -> bool:
        """Whether no package that fits may be installed."""
        return bool(self.match & CONFLICT)

    @staticmethod
    def parse(text: str) -> Dependency:
        """Return the dependency that a text such as `zlib>=1.2` means. Raises `BadDependency`."""
        return parse_dependency(text)

    def is_satisfied_by(self, version: str | None) -> bool:
        """Whether the name in this version satisfies this dependency; None is a name that is provided without a version.

        A conflict is satisfied by what is not meant. A checksum is satisfied by no version. Raises `BadVersion`.
        """
        return self._means(version) != self.is_conflict

    def _means(self, version: str | None) -> bool:
        if self.version is None:
            return True
        match = self.match & ~CONFLICT
        if version is None or match == CHECKSUM:
            return False
        wanted, found = parse(self.version), parse(version)
        if match & FUZZY and found.begins_with(wanted):
            return True
        if found == wanted:
            return bool(match & EQUAL)
        return bool(match & (LESS if found < wanted else GREATER))


@lru_cache(maxsize=16384)
def parse_dependency(text: str) -> Dependency:
    """Return the dependency that a text such as `zlib>=1.2` means. Raises `BadDependency`."""
    found = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise BadDependency(text, "it has no name, or characters that none has")
    sign, name, operator, version = found.groups()
    conflict = CONFLICT if sign else 0
    if operator is None:
        return Dependency(name, None, ANY | conflict)
    match = _SPELLINGS.get(operator)
    if match is None:
        raise BadDependency(text, f"there is no operator '{operator}'")
    return Dependency(name, version, match | conflict)


def sort_key(dependency: Dependency) -> tuple[bytes, tuple[object, ...], bytes, int]:
    """Return what orders dependencies in a package: the name as bytes, the version, the match."""
    version = dependency.version
    is_checksum = dependency.match & ~CONFLICT == CHECKSUM
    parts = () if version is None or is_checksum else parse(version).parts
    return (dependency.name.encode(), parts, (version or "").encode(), dependency.match)
