"""The database of installed packages in a root: `lib/apk/db` and `etc/apk/world`.

It is text for packages of either version. A client goes on from what is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from . import gzip, tar
from .contents import LONGEST_PATH, from_bytes, reason_against, reason_against_path, to_bytes
from .dependencies import Dependency
from .description import SCRIPT_NAMES
from .errors import ApkError, BadLine, BadValue, Damaged, TooLarge
from .text import InfoLines, checksum_text, decimal, index_lines, parse_checksum, parse_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .contents import Acl, File, Package
    from .description import Info

MOST_IN_SCRIPTS: Final = 256 << 20
SHA_256_FLAG: Final = "S"
"""The flag of a package whose checksums are the first 20 bytes of SHA-256; all of version 3 have it."""
_FLAGS: Final = "fsxS"
_DIRECTORY_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Owner:
    """Numbers of user and group, permissions, and the text of a hash of the extended attributes."""

    uid: int = 0
    gid: int = 0
    mode: int = 0
    xattr_hash: str = ""

    def __str__(self) -> str:
        text = f"{self.uid}:{self.gid}:{self.mode:o}"
        return f"{text}:{self.xattr_hash}" if self.xattr_hash else text


PLAIN_DIRECTORY: Final = Owner(mode=_DIRECTORY_MODE)
PLAIN_FILE: Final = Owner(mode=_FILE_MODE)


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file; `checksum` has 20 bytes, or is None if nothing is known of the content."""

    name: str
    owner: Owner = PLAIN_FILE
    checksum: bytes | None = None


@dataclass(frozen=True, slots=True)
class InstalledDirectory:
    """A directory, by its whole path; the root is the empty one."""

    path: str
    owner: Owner = PLAIN_DIRECTORY
    files: tuple[InstalledFile, ...] = ()


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package of the database. `flags`: f broken files, s broken script, x broken attributes, S SHA-256."""

    info: Info
    directories: tuple[InstalledDirectory, ...] = ()
    replaces_priority: int | None = None
    repository_tag: str = ""
    flags: str = ""


def installed_package(package: Package, identity: bytes, ids: Callable[[Acl], tuple[int, int]]) -> InstalledPackage:
    """Return what a database says of a package of version 3 once it is installed.

    `ids` gives the numbers of user and group that an owner has in the root.
    """
    from dataclasses import replace

    def owner(acl: Acl) -> Owner:
        return Owner(*ids(acl), acl.mode)

    directories = []
    for directory in package.directories:
        files = [InstalledFile(file.name, owner(file.acl), _checksum(file)) for file in directory.files]
        directories.append(InstalledDirectory(directory.path, owner(directory.acl), tuple(files)))
    info = replace(package.info, hashes=identity[:20], unique_id=b"")
    return InstalledPackage(info, tuple(directories), package.replaces_priority, flags=SHA_256_FLAG)


def _checksum(file: File) -> bytes | None:
    if file.link_target is not None:
        from hashlib import sha256

        return sha256(to_bytes(file.link_target)).digest()[:20]
    return file.sha256[:20] if file.sha256 is not None else None


def write_installed(packages: Iterable[InstalledPackage]) -> bytes:
    """Return the text of `lib/apk/db/installed`. Raises `BadValue` for a name that would forge a line."""
    lines: list[str] = []
    for package in packages:
        info = package.info
        lines += index_lines(info)
        if info.tags:
            lines.append(f"g:{' '.join(info.tags)}")
        if info.replaces:
            lines.append(f"r:{' '.join(map(str, info.replaces))}")
        if package.replaces_priority:
            lines.append(f"q:{package.replaces_priority}")
        if package.repository_tag:
            lines.append(f"s:{package.repository_tag}")
        if package.flags:
            lines.append(f"f:{package.flags}")
        for directory in package.directories:
            if directory.path and (reason := reason_against_path(directory.path)):
                raise BadValue(f"the directory {directory.path[:200]!r}", reason)
            lines.append(f"F:{directory.path}")
            if directory.owner != PLAIN_DIRECTORY:
                lines.append(f"M:{directory.owner}")
            for file in directory.files:
                if reason := reason_against(file.name):
                    raise BadValue(f"the file {file.name[:200]!r}", reason)
                lines.append(f"R:{file.name}")
                if file.owner != PLAIN_FILE:
                    lines.append(f"a:{file.owner}")
                if file.checksum is not None:
                    lines.append(f"Z:{checksum_text(file.checksum)}")
        lines.append("")
    return to_bytes("".join([f"{line}\n" for line in lines]))


def read_installed(data: bytes, place: str) -> tuple[InstalledPackage, ...]:
    """Return the packages of a database. Raises `BadLine`."""
    found = []
    parser = _Parser(place)
    for number, line in enumerate(from_bytes(data).split("\n"), 1):
        if line:
            parser.add(number, line)
        elif parser.lines:
            found.append(parser.finish())
    if parser.lines:
        found.append(parser.finish())
    return tuple(found)


class _Parser:
    """Collects the lines of one package."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.lines = InfoLines(place)
        self._begin()

    def _begin(self) -> None:
        self._directories: list[InstalledDirectory] = []
        self._path: str | None = None
        self._owner = PLAIN_DIRECTORY
        self._files: list[InstalledFile] = []
        self._name: str | None = None
        self._file_owner = PLAIN_FILE
        self._checksum: bytes | None = None
        self._priority: int | None = None
        self._tag = ""
        self._flags = ""

    def add(self, number: int, line: str) -> None:
        letter, value = line[0], line[2:]
        if line[1:2] != ":":
            raise BadLine(self.place, number, "it has no letter and colon at its beginning")
        try:
            if not self._of_files(number, letter, value):
                _is_unicode(value)
                known = self._of_package(letter, value)
                if not known and not self.lines.add(number, letter, value) and letter.isupper():
                    raise BadLine(self.place, number, f"'{letter}:' is not known, and must be")
        except ValueError:
            raise BadLine(self.place, number, f"'{letter}:{value[:80]}' has no such value") from None

    def _of_package(self, letter: str, value: str) -> bool:
        if letter == "q":
            self._priority = decimal(value)
        elif letter == "s":
            self._tag = value
        elif letter == "f":
            if value.strip(_FLAGS):
                raise ValueError
            self._flags = value
        else:
            return False
        return True

    def _of_files(self, number: int, letter: str, value: str) -> bool:
        """Take a line of a directory or file."""
        if letter == "F":
            self._end_directory()
            reason = reason_against_path(value) if value else None
            if reason:
                raise BadLine(self.place, number, f"the directory {value[:80]!r} {reason}")
            self._path = value
        elif letter == "M":
            if self._path is None:
                raise ValueError
            self._owner = _owner(value)
        elif letter == "R":
            self._end_file()
            reason = reason_against(value)
            if reason or self._path is None:
                raise BadLine(self.place, number, f"the file {value[:80]!r} {reason or 'is in no directory'}")
            self._name = value
        elif letter in ("a", "Z"):
            if self._name is None:
                raise ValueError
            if letter == "a":
                self._file_owner = _owner(value)
            else:
                self._checksum = parse_checksum(value)
                if self._checksum is None:
                    raise ValueError
        else:
            return False
        return True

    def _end_file(self) -> None:
        if self._name is not None:
            self._files.append(InstalledFile(self._name, self._file_owner, self._checksum))
        self._name, self._file_owner, self._checksum = None, PLAIN_FILE, None

    def _end_directory(self) -> None:
        self._end_file()
        if self._path is not None:
            self._directories.append(InstalledDirectory(self._path, self._owner, tuple(self._files)))
        self._path, self._owner, self._files = None, PLAIN_DIRECTORY, []

    def finish(self) -> InstalledPackage:
        self._end_directory()
        # A virtual package of the client has a name that begins with a dot.
        info = self.lines.info(is_named=False)
        found = InstalledPackage(info, tuple(self._directories), self._priority, self._tag, self._flags)
        self._begin()
        return found


def _is_unicode(text: str) -> None:
    text.encode()


def _owner(text: str) -> Owner:
    parts = text.split(":", 3)
    if len(parts) < 3 or len(parts[2]) > 5:
        raise ValueError
    mode = int(parts[2], 8)
    if mode & ~0o7777 or mode < 0:
        raise ValueError
    return Owner(decimal(parts[0]), decimal(parts[1]), mode, parts[3] if len(parts) > 3 else "")


# Triggers and world


@dataclass(frozen=True, slots=True)
class Triggers:
    """The patterns of directories whose changes run the trigger of a package, which is named by 20 bytes."""

    identity: bytes
    patterns: tuple[str, ...]


def write_triggers(triggers: Iterable[Triggers]) -> bytes:
    """Return the text of `lib/apk/db/triggers`. Raises `BadValue`."""
    lines = []
    for one in triggers:
        if any([not pattern or set(pattern) & set(" \n\0") for pattern in one.patterns]):
            raise BadValue("a trigger", "is empty, or has a blank, a newline or a zero byte")
        lines.append(f"{checksum_text(one.identity)} {' '.join(one.patterns)}\n")
    return to_bytes("".join(lines))


def read_triggers(data: bytes, place: str) -> tuple[Triggers, ...]:
    """Return what a file of triggers says. Raises `BadLine`."""
    found = []
    for number, line in enumerate(from_bytes(data).split("\n"), 1):
        if not line:
            continue
        text, *patterns = line.split(" ")
        identity = parse_checksum(text)
        if identity is None or not all(patterns):
            raise BadLine(place, number, "it is no checksum with patterns")
        found.append(Triggers(identity, tuple(patterns)))
    return tuple(found)


def write_world(world: Iterable[Dependency]) -> bytes:
    """Return the text of `etc/apk/world`: what was asked for."""
    return "".join([f"{one}\n" for one in world]).encode()


def read_world(data: bytes, place: str) -> tuple[Dependency, ...]:
    """Return what was asked for, in the order of the file. Raises `BadLine`."""
    found: list[Dependency] = []
    for number, line in enumerate(from_bytes(data).split("\n"), 1):
        try:
            found += parse_list(line)
        except ApkError as error:
            raise BadLine(place, number, error.message) from error
    return tuple(found)


# Scripts


@dataclass(frozen=True, slots=True)
class InstalledScript:
    """A script of an installed package: NAME-VERSION, the 20 bytes that C: has, the kind (`post-install`), the text."""

    package: str
    identity: bytes
    kind: str
    text: bytes


def write_scripts(scripts: Iterable[InstalledScript], mtime: int = 0) -> bytes:
    """Return the bytes of `lib/apk/db/scripts.tar.gz`. Raises `BadValue`."""
    parts = []
    for script in scripts:
        name = f"{script.package}.X1{script.identity[:20].hex()}.{script.kind}"
        if script.kind not in SCRIPT_NAMES or reason_against(name):
            raise BadValue(f"the script {name[:200]!r}", "can be none of a package")
        member = tar.Member(to_bytes(name), mode=0o755, size=len(script.text), mtime=mtime)
        parts.append(tar.whole(member, script.text))
    return gzip.packed(b"".join((*parts, tar.END)))


def read_scripts(data: bytes, place: str) -> tuple[InstalledScript, ...]:
    """Return the scripts of a database. Raises `Damaged`, `Truncated` and `TooLarge`."""
    members = gzip.Members(BytesIO(data), place)
    content = members.whole(MOST_IN_SCRIPTS) or b""
    if members.next():
        raise Damaged(place, "packed data", "something follows it")
    found = []
    for member, pieces in tar.Reading(BytesIO(content).read, place).members():
        name = from_bytes(member.path)
        if len(name) > LONGEST_PATH:
            raise TooLarge(place, "bytes of a name", len(name), LONGEST_PATH)
        rest, _, kind = name.rpartition(".")
        package, _, hash_ = rest.rpartition(".")
        digits = hash_[2:]
        is_hash = hash_.startswith("X1") and len(digits) == 40 and not digits.strip("0123456789abcdef")
        if kind not in SCRIPT_NAMES or not is_hash or reason_against(package):
            raise Damaged(place, "scripts", f"'{name[:80]}' is the name of no script")
        found.append(InstalledScript(package, bytes.fromhex(digits), kind, b"".join(pieces)))
    return tuple(found)
