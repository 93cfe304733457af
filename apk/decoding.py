"""Values to metadata. Every error is a `FileError` with the file's name; time and memory are bounded by the size of the values."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Final, TypeVar

from .contents import (
    DEVICE_NAMES,
    REGULAR,
    SYMBOLIC_LINK,
    Acl,
    Device,
    Directory,
    File,
    Package,
    check_tree,
    from_bytes,
)
from .dependencies import ANY, EQUAL, Dependency, check_name, is_tag
from .description import SCRIPT_NAMES, Info, Scripts
from .errors import BadDependency, BadName, Damaged, HostileName
from .values import NULL, Values
from .versions import is_valid

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_TYPE: Final = Struct("<H")
_DEVICE_NUMBER: Final = Struct("<Q")
MOST_FILE_BYTES: Final = 1 << 60


def decode_package(values: Values) -> Package:
    """Return what the values of a package say, in order and with names that stay in the root.

    Raises `Damaged`, `HostileName` and `TooLarge`.
    """
    return _Decoder(values).package()


def decode_entry(values: Values, identity: bytes, file_size: int) -> Info:
    """Return the entry of a package in an index. Raises `Damaged`."""
    decoder = _Decoder(values)
    decoder.identity, decoder.file_size = identity, file_size
    return decoder.info(values.fields(values.root, 5)[0])


def decode_index(values: Values) -> tuple[str, tuple[Info, ...], str]:
    """Return description, packages and pattern of names of an index. Raises `Damaged`."""
    decoder = _Decoder(values)
    description, packages, spec = values.fields(values.root, 3)
    return values.text(description), decoder.list_of(packages, decoder.info), values.text(spec)


_dependency = lru_cache(maxsize=16384)(Dependency)
"""Packages of an index depend on the same names: each is checked once."""


class _Decoder:
    """Each item is decoded once, however often it is referred to."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._known: dict[tuple[str, int], object] = {}
        self.identity = b""
        """What an entry has in place of the unique id, if it is made of a package."""
        self.file_size: int | None = None

    def _once(self, decode: Callable[[int], _T], word: int) -> _T:
        key = (decode.__name__, word)
        found = self._known.get(key)
        if found is None:
            self._known[key] = found = decode(word)
        return found  # type: ignore[return-value]

    def list_of(self, word: int, decode: Callable[[int], _T]) -> tuple[_T, ...]:
        """Return the elements of an array."""
        if not word:
            return ()
        key = (f"list of {decode.__name__}", word)
        found = self._known.get(key)
        if found is None:
            once = self._once
            self._known[key] = found = tuple([once(decode, one) for one in self._values.words(word)])
        return found  # type: ignore[return-value]

    def package(self) -> Package:
        values = self._values
        info, paths, scripts, triggers, priority = values.fields(values.root, 5)
        described = self.info(info)
        directories = self.list_of(paths, self.directory)
        check_tree(values.place, directories)
        return Package(
            described,
            directories,
            self._scripts(scripts),
            self.list_of(triggers, values.text),
            values.integer(priority),
        )

    def info(self, word: int) -> Info:
        values = self._values
        text, integer = values.text, values.integer
        fields = values.fields(word, 21)
        name, version = text(fields[0]), text(fields[1])
        if not is_valid(version):
            raise Damaged(values.place, f"package '{name[:80]}'", f"'{version[:80]}' is not a version of apk")
        try:
            check_name(name)
        except BadName as error:
            raise Damaged(values.place, "metadata", error.message) from error
        tags = self.list_of(fields[20], text)
        if not all(map(is_tag, tags)):
            raise Damaged(values.place, f"package '{name}'", "one of its tags has characters that no tag has")
        description, arch, license_, origin, maintainer, url = texts = [text(word) for word in fields[3:9]]
        if any(["\n" in one or "\0" in one for one in texts]):
            raise Damaged(values.place, f"package '{name}'", "one of its texts has a newline or a zero byte")
        depends, provides, replaces, install_if, recommends = [
            self.list_of(word, self.dependency) for word in fields[14:19]
        ]
        unique_id = values.blob(fields[2])
        return Info(
            name,
            version,
            self.identity or unique_id,
            description,
            arch,
            license_,
            origin,
            maintainer,
            url,
            values.blob(fields[9]),
            integer(fields[10]),
            integer(fields[11]),
            integer(fields[12]) if self.file_size is None else self.file_size,
            integer(fields[13]),
            depends,
            provides,
            replaces,
            install_if,
            recommends,
            integer(fields[19]),
            tags,
            unique_id if self.identity else b"",
        )

    def dependency(self, word: int) -> Dependency:
        values = self._values
        name, version, match = values.fields(word, 3)
        wanted = values.text(version) if version else None
        found = values.integer(match)
        if found is None:
            found = ANY if wanted is None else EQUAL
        try:
            return _dependency(values.text(name), wanted, found)
        except BadDependency as error:
            raise Damaged(values.place, "metadata", error.message) from error

    def directory(self, word: int) -> Directory:
        values = self._values
        name, acl, files = values.fields(word, 3)
        return Directory(from_bytes(values.blob(name)), self._once(self.acl, acl), self.list_of(files, self.file))

    def file(self, word: int) -> File:
        values = self._values
        fields = values.fields(word, 6)
        name = from_bytes(values.blob(fields[0]))
        acl = self._once(self.acl, fields[1])
        size, mtime = values.integer(fields[2]) or 0, values.integer(fields[3]) or 0
        digest = values.blob(fields[4])
        if size > MOST_FILE_BYTES:
            raise Damaged(values.place, f"file {name!r}", f"its size {size} is impossible")
        if not fields[5]:
            if len(digest) != 32:
                raise Damaged(values.place, f"file {name!r}", "it has no SHA-256")
            return File(name, acl, size, mtime, digest)
        return self._special(name, acl, size, mtime, digest, values.blob(fields[5]))

    def _special(self, name: str, acl: Acl, size: int, mtime: int, digest: bytes, target: bytes) -> File:
        place = self._values.place
        kind = _TYPE.unpack_from(target)[0] if len(target) > 2 else 0
        if kind == SYMBOLIC_LINK:
            link = from_bytes(target[2:])
            if "\0" in link or "\n" in link:
                raise HostileName(place, name, "is a link to something with a newline or a zero byte")
            return File(name, acl, size, mtime, link_target=link)
        if kind == REGULAR:
            if len(digest) != 32:
                raise Damaged(place, f"hard link {name!r}", "it has no SHA-256")
            return File(name, acl, size, mtime, digest, hard_link=from_bytes(target[2:]))
        if kind in DEVICE_NAMES and len(target) == 2 + _DEVICE_NUMBER.size:
            return File(
                name, acl, size, mtime, device=Device(DEVICE_NAMES[kind], _DEVICE_NUMBER.unpack_from(target, 2)[0])
            )
        raise Damaged(place, f"file {name!r}", "its target is of no kind that there is")

    def acl(self, word: int) -> Acl:
        values = self._values
        mode, user, group, xattrs = values.fields(word, 4)
        bits = values.integer(mode) or 0
        if bits & ~0o7777:
            raise Damaged(values.place, "permissions", f"the mode {bits:o} has bits that there are not")
        return Acl(bits, values.text(user), values.text(group), self.list_of(xattrs, self.xattr))

    def xattr(self, word: int) -> tuple[bytes, bytes]:
        name, zero, value = self._values.blob(word).partition(b"\0")
        if not name or not zero:
            raise Damaged(self._values.place, "extended attribute", "it has no name, or no zero byte after it")
        return (name, value)

    def _scripts(self, word: int) -> Scripts | None:
        if word == NULL:
            return None
        texts = [self._values.blob(one) or None for one in self._values.fields(word, len(SCRIPT_NAMES))]
        return Scripts(*texts)
