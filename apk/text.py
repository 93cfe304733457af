"""Metadata as lines `X:value`: what APKINDEX of version 2 and the installed database have of each package."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Final

from .dependencies import Dependency, check_name, is_tag
from .description import Info
from .errors import ApkError, BadLine, BadValue
from .versions import is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERS: Final = {"S": "file_size", "I": "installed_size", "t": "build_time", "k": "provider_priority"}
_TEXTS: Final = {"A": "arch", "T": "description", "U": "url", "L": "license", "o": "origin", "m": "maintainer"}
_LISTS: Final = {"D": "depends", "p": "provides", "i": "install_if", "r": "replaces"}
_DIGITS: Final = 20


def checksum_text(digest: bytes) -> str:
    """Return a checksum of 20 bytes as these texts have it."""
    from base64 import b64encode

    return "Q1" + b64encode(digest[:20]).decode()


def parse_checksum(text: str) -> bytes | None:
    """Return the 20 bytes that a text such as `Q1...` is; None if it is none."""
    if not text.startswith("Q1"):
        return None
    try:
        found = b64decode(text[2:], validate=True)
    except Base64Error:
        return None
    return found if len(found) == 20 else None


def index_lines(info: Info) -> list[str]:
    """Return the lines of a package in APKINDEX, without the empty one. Raises `BadValue` for a text of several lines."""
    lines = [f"C:{info.identity_text}", f"P:{info.name}", f"V:{info.version}"]
    if info.arch:
        lines.append(f"A:{info.arch}")
    lines += [
        f"S:{info.file_size or 0}",
        f"I:{info.installed_size or 0}",
        f"T:{info.description}",
        f"U:{info.url}",
        f"L:{info.license}",
    ]
    if info.origin:
        lines.append(f"o:{info.origin}")
    if info.maintainer:
        lines.append(f"m:{info.maintainer}")
    if info.build_time:
        lines.append(f"t:{info.build_time}")
    if info.repo_commit:
        lines.append(f"c:{info.repo_commit.hex()}")
    if info.provider_priority:
        lines.append(f"k:{info.provider_priority}")
    for letter, dependencies in (("D", info.depends), ("p", info.provides), ("i", info.install_if)):
        if dependencies:
            lines.append(f"{letter}:{' '.join(map(str, dependencies))}")
    for line in lines:
        if "\n" in line or "\0" in line:
            raise BadValue(f"a text of the package '{info.name}'", "has a newline or a zero byte")
    return lines


class InfoLines:
    """Collects the lines of one package. All methods raise `BadLine`."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._values: dict[str, object] = {}
        self._first: int | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    def add(self, number: int, letter: str, value: str) -> bool:
        """Take a line, or say that its letter is none of metadata."""
        if self._first is None:
            self._first = number
        try:
            field, found = self._field(letter, value)
        except ValueError:
            raise BadLine(self._place, number, f"'{letter}:{value[:80]}' has no such value") from None
        except ApkError as error:
            raise BadLine(self._place, number, error.message) from error
        if not field:
            return False
        if field in self._values:
            raise BadLine(self._place, number, f"'{letter}:' is there twice for one package")
        self._values[field] = found
        return True

    @staticmethod
    def _field(letter: str, value: str) -> tuple[str, object]:
        if letter in _TEXTS:
            return _TEXTS[letter], value
        if letter in _NUMBERS:
            return _NUMBERS[letter], decimal(value)
        if letter in _LISTS:
            return _LISTS[letter], parse_list(value)
        if letter == "P":
            return "name", value
        if letter == "V":
            if not is_valid(value):
                raise ValueError
            return "version", value
        if letter == "C":
            digest = parse_checksum(value)
            if digest is None:
                raise ValueError
            return "hashes", digest
        if letter == "c":
            # A commit may be followed by words (`-dirty`), which the format has no place for.
            return "repo_commit", bytes.fromhex(value.partition("-")[0])
        if letter == "g":
            tags = tuple(value.split())
            if not all(map(is_tag, tags)):
                raise ValueError
            return "tags", tags
        return "", None

    def info(self, *, is_named: bool = True) -> Info:
        """Return what was collected, and begin anew. `is_named`: the name is that of a real package."""
        first, values = self._first or 0, self._values
        if "name" not in values or "version" not in values:
            raise BadLine(self._place, first, "a package has no name or no version (P: and V:)")
        if is_named:
            try:
                check_name(str(values["name"]))
            except ApkError as error:
                raise BadLine(self._place, first, error.message) from error
        self._values, self._first = {}, None
        return Info(**values)  # type: ignore[arg-type]


def decimal(text: str) -> int:
    """Return a number of at most 20 digits. Raises ValueError."""
    if len(text) > _DIGITS or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def parse_list(text: str) -> tuple[Dependency, ...]:
    """Return the dependencies of a text that separates them by blanks. Raises `BadDependency`."""
    return tuple([Dependency.parse(word) for word in text.split()])


def decoded(data: bytes, place: str) -> str:
    """Return a text. Raises `BadLine` with the line that is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadLine(place, data.count(b"\n", 0, error.start) + 1, "it is no UTF-8") from error


def parse_index(text: str, place: str) -> tuple[Info, ...]:
    """Return the packages of an APKINDEX. Raises `BadLine`, as for a line with an upper-case letter that is not known."""
    found = []
    lines = InfoLines(place)
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            if lines:
                found.append(lines.info())
            continue
        if line[1:2] != ":":
            raise BadLine(place, number, "it has no letter and colon at its beginning")
        if not lines.add(number, line[0], line[2:]) and line[0].isupper():
            raise BadLine(place, number, f"'{line[0]}:' is not known, and must be")
    if lines:
        found.append(lines.info())
    return tuple(found)


def index_text(packages: Iterable[Info]) -> str:
    """Return an APKINDEX. Raises `BadValue`."""
    return "".join(["\n".join(index_lines(info)) + "\n\n" for info in packages])
