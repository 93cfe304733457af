"""Metadata to values, in exactly the order that the client appends them (docs/apk-format.md).

Nothing here may append an item earlier or later than it does: offsets are part of what is signed.
"""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Final

from . import dependencies as deps
from .contents import DEVICE_TYPES, PERMISSIONS, REGULAR, SYMBOLIC_LINK, check_file, to_bytes
from .description import SCRIPT_NAMES
from .errors import BadValue
from .values import ARRAY, INT, NULL, Writer
from .versions import parse as parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .contents import Acl, Directory, File, Package
    from .dependencies import Dependency
    from .description import Info, Scripts

UNIQUE_ID_BYTES: Final = 20
_TYPE: Final = Struct("<H")
_DEVICE: Final = Struct("<HQ")
_HARD_LINK: Final = _TYPE.pack(REGULAR)
_SYMBOLIC_LINK: Final = _TYPE.pack(SYMBOLIC_LINK)


def encode_package(package: Package) -> bytearray:
    """Return the values of a package, with its unique id. Every regular file needs its `sha256`; `check_tree` has passed.

    Raises `BadValue`, `BadName` and `BadVersion`.
    """
    info = package.info
    writer = Writer()
    fields = _info(writer, info)
    priority = _number(writer, package.replaces_priority)
    directories = _directories(writer, package.directories)
    fields[11] = writer.integer(installed_size(package) if info.installed_size is None else info.installed_size)
    place = len(writer.data) + 1
    fields[2] = writer.unshared_blob(bytes(UNIQUE_ID_BYTES))
    described = writer.words(fields)
    paths = writer.words(directories)
    scripts = _scripts(writer, package.scripts)
    triggers = writer.words([writer.blob(_text("a trigger", one)) for one in package.triggers])
    data = writer.finish(writer.words((described, paths, scripts, triggers, priority)))
    data[place : place + UNIQUE_ID_BYTES] = sha256(data).digest()[:UNIQUE_ID_BYTES]
    return data


def encode_index(description: str, packages: Sequence[Info], pkgname_spec: str) -> bytearray:
    """Return the values of an index. Raises `BadValue`, `BadName` and `BadVersion`."""
    writer = Writer()
    entries = []
    for info in packages:
        fields = _info(writer, info, is_entry=True)
        fields[12] = _number(writer, info.file_size)
        fields[2] = writer.blob(info.hashes)
        entries.append((info, writer.words(fields)))
    described = writer.blob(_text("the description", description))
    spec = writer.blob(_text("the pattern of names", pkgname_spec))
    entries.sort(key=lambda entry: index_order(entry[0]))
    listed = writer.words([word for _, word in entries])
    return writer.finish(writer.words((described, listed, spec)))


def index_order(info: Info) -> tuple[bytes, object]:
    """Return what orders the entries of an index: the name as bytes, the version."""
    return (info.name.encode(), parse_version(info.version).parts)


def installed_size(package: Package) -> int:
    """Return the bytes that a package takes: regular files, each once; 1 if there is something, and it takes none."""
    found = sum([file.size for _, file in package.entries() if file.is_regular and file.hard_link is None])
    has_scripts = package.scripts is not None and bool(package.scripts.present())
    return found or (1 if package.directories or has_scripts else 0)


def _text(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadValue(what, "has characters that are no Unicode") from error


def _number(writer: Writer, value: int | None) -> int:
    return NULL if value is None else writer.integer(value)


def _info(writer: Writer, info: Info, *, is_entry: bool = False) -> list[int]:
    """Append what is known of a package before its files are; return the words of the fields, 12 and 13 still null.

    For an entry of an index nothing is left for later but the size of the file and the identity.
    """
    deps.check_name(info.name)
    parse_version(info.version)
    blob = writer.blob
    fields = [NULL] * 21
    fields[0] = blob(info.name.encode())
    fields[1] = blob(info.version.encode())
    if is_entry:
        blob(info.unique_id)
    fields[3] = blob(_text("the description", info.description))
    fields[4] = blob(_text("the architecture", info.arch))
    fields[5] = blob(_text("the licence", info.license))
    fields[6] = blob(_text("the origin", info.origin))
    fields[7] = blob(_text("the maintainer", info.maintainer))
    fields[8] = blob(_text("the URL", info.url))
    fields[9] = blob(info.repo_commit)
    fields[10] = _number(writer, info.build_time)
    if is_entry:
        fields[11] = writer.integer(info.installed_size or 0)
    fields[13] = _number(writer, info.provider_priority)
    fields[14] = _dependencies(writer, info.depends, is_sorted=is_entry)
    fields[15] = _dependencies(writer, info.provides, is_sorted=is_entry)
    fields[16] = _dependencies(writer, info.replaces, is_sorted=is_entry)
    fields[17] = _dependencies(writer, info.install_if, is_sorted=is_entry)
    fields[18] = _dependencies(writer, info.recommends, is_sorted=is_entry)
    fields[19] = _number(writer, info.layer)
    if info.tags:
        for tag in info.tags:
            if not deps.is_tag(tag):
                raise BadValue(f"the tag '{tag[:80]}'", "has characters that no tag has")
        fields[20] = writer.words([blob(tag.encode()) for tag in info.tags])
    return fields


def _dependencies(writer: Writer, given: tuple[Dependency, ...], *, is_sorted: bool) -> int:
    """Append a list: its elements in the order given, the array sorted, each once. In an index the elements are sorted, too."""
    if len(given) < 2:
        return writer.words((_dependency(writer, given[0]),)) if given else NULL
    if is_sorted:
        given = tuple(sorted(given, key=deps.sort_key))
    words = {one: _dependency(writer, one) for one in given}
    ordered = words if is_sorted else sorted(words, key=deps.sort_key)
    return writer.words([words[one] for one in ordered])


def _dependency(writer: Writer, one: Dependency) -> int:
    name = writer.blob(one.name.encode())
    if one.version is None:
        return writer.words((name,) if one.match == deps.ANY else (name, NULL, INT | one.match))
    version = writer.blob(one.version.encode())
    return writer.words((name, version) if one.match == deps.EQUAL else (name, version, INT | one.match))


def _directories(writer: Writer, directories: Sequence[Directory]) -> list[int]:
    blob, words = writer.blob, writer.words
    acls = _Acls(writer)
    acl_of = acls.word
    firsts = {file.hard_link for directory in directories for file in directory.files} - {None}
    found = []
    for directory in directories:
        files = []
        for file in directory.files:
            size, mtime, digest = file.size, file.mtime, file.sha256
            target = NULL
            if file.link_target is None and file.hard_link is None and file.device is None:
                if firsts and directory.path_of(file) in firsts:
                    # The client has it in store for the links that may follow.
                    blob(_HARD_LINK + to_bytes(directory.path_of(file)))
                name = blob(file.name.encode("utf-8", "surrogateescape"))
                if digest is None or len(digest) != 32:
                    raise _without_digest(directory, file)
                hashed = blob(digest)
            else:
                check_file(directory.path_of(file), file)
                name = blob(to_bytes(file.name))
                if file.is_regular and (digest is None or len(digest) != 32):
                    raise _without_digest(directory, file)
                hashed = blob(digest) if digest and file.is_regular else NULL
                target = blob(_target(file))
            when = INT | mtime if 0 <= mtime <= 0xFFFFFFF else writer.integer(mtime)
            bytes_ = INT | size if 0 <= size <= 0xFFFFFFF else writer.integer(size)
            files.append(words((name, acl_of(file.acl), bytes_, when, hashed, target)))
        name = blob(to_bytes(directory.path))
        acl = acl_of(directory.acl)
        found.append(words((name, acl, words(files))))
    return found


def _without_digest(directory: Directory, file: File) -> BadValue:
    return BadValue(f"the file '{directory.path_of(file)}'", "needs a SHA-256 of 32 bytes")


def _target(file: File) -> bytes:
    if file.link_target is not None:
        return _SYMBOLIC_LINK + to_bytes(file.link_target)
    if file.hard_link is not None:
        return _HARD_LINK + to_bytes(file.hard_link)
    assert file.device is not None
    kind = DEVICE_TYPES.get(file.device.kind)
    if kind is None or file.device.number >> 64:
        raise BadValue(f"the device '{file.name}'", "is of a kind or has a number that there is not")
    return _DEVICE.pack(kind, file.device.number)


class _Acls:
    """Appends permissions. The words of those that were appended are kept while they hold."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._known: dict[Acl, int] = {}
        self._moves = writer.moves
        self._last: Acl | None = None
        self._last_word = NULL

    def word(self, acl: Acl) -> int:
        writer = self._writer
        if self._moves == writer.moves:
            if acl is self._last:
                return self._last_word
            found = self._known.get(acl)
            if found is not None:
                self._last, self._last_word = acl, found
                return found
        else:
            self._known.clear()
            self._moves = writer.moves
        if acl.mode & ~PERMISSIONS:
            raise BadValue("a mode", f"has bits beside permissions: {acl.mode:o}")
        user = writer.blob(_text("an owner", acl.user))
        group = writer.blob(_text("a group", acl.group))
        xattrs = NULL
        if acl.xattrs:
            lying = [name + b"\0" + value for name, value in acl.xattrs]
            places = {xattr: writer.blob(xattr) for xattr in lying}
            xattrs = writer.words([places[xattr] for xattr in sorted(lying)], ARRAY)
        word = writer.words((INT | acl.mode, user, group, xattrs))
        if self._moves == writer.moves:
            self._known[acl] = self._last_word = word
            self._last = acl
        return word


def _scripts(writer: Writer, scripts: Scripts | None) -> int:
    if scripts is None:
        return NULL
    present = scripts.present()
    return writer.words([writer.blob(present.get(name, b"")) for name in SCRIPT_NAMES])
