"""Version 2: packages of gzip members that are tar fragments, and the index APKINDEX.tar.gz.

The identity of a package is the SHA-1 of its packed control member, so it changes with the library that packs.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from hashlib import sha1, sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final

from . import gzip, tar
from .contents import (
    DEVICE_TYPES,
    MOST_ENTRIES,
    Acl,
    Device,
    Directory,
    File,
    Package,
    check_file,
    check_tree,
    from_bytes,
    reason_against_path,
    sort_tree,
    to_bytes,
)
from .dependencies import check_name
from .description import Info, Scripts
from .encoding import index_order, installed_size
from .errors import (
    ApkError,
    BadContent,
    BadLine,
    BadSignature,
    BadValue,
    Damaged,
    HostileName,
    NotApk,
    TooLarge,
    Untrusted,
)
from .index import Index
from .package import name_of, read_content
from .text import decimal, decoded, index_text, parse_index, parse_list
from .versions import is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from .keys import PrivateKey, PublicKey
    from .package import Content

MOST_IN_CONTROL: Final = 8 << 20
MOST_IN_SCRIPT: Final = 256 << 10
MOST_IN_SIGNATURE: Final = 1 << 16
MOST_SIGNATURES: Final = 64
MOST_IN_INDEX: Final = 128 << 20
MOST_IN_HEADERS: Final = 128 << 20
"""Bytes of names, owners and attributes of all files of a package."""
_DIGESTS: Final = {"RSA": "sha1", "RSA256": "sha256", "RSA512": "sha512"}
_SIGNATURE: Final = ".SIGN."
_PKGINFO: Final = ".PKGINFO"
_CHECKSUM: Final = b"APK-TOOLS.checksum.SHA1"
_SCRIPTS: Final = (
    "pre-install",
    "post-install",
    "pre-deinstall",
    "post-deinstall",
    "pre-upgrade",
    "post-upgrade",
    "trigger",
)
"""In the order of the control member."""
_NOBODY: Final = 65534
_SMALL: Final = 1 << 20
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class SignatureV2:
    """A signature of packed bytes. `algorithm` is RSA, RSA256, RSA512 or another word, `key_name` that of the public key's file."""

    algorithm: str
    key_name: str
    signature: bytes


# Writing


def write_package_v2(
    out: BinaryIO,
    package: Package,
    content: Content,
    *,
    signer: PrivateKey | None = None,
    key_name: str = "",
    algorithm: str = "RSA256",
) -> bytes:
    """Write a package; return its identity (20 bytes). `content` returns the open file that a path of the package names, or its bytes.

    `key_name` is the name of the public key on the machines that install; that of `signer` by itself. The version has no place for
    recommendations, layers and tags: those are left out. Directories and control files get the time of the build. Raises `BadValue`,
    `BadName`, `BadVersion`, `HostileName`, `Damaged`, `BadContent`, and what `content` raises.
    """
    info = package.info
    check_tree(info.full_name, package.directories)
    with tempfile.TemporaryFile() as data:
        hashed = sha256()

        def write(packed: bytes) -> None:
            hashed.update(packed)
            data.write(packed)

        packer = gzip.packer()
        for piece in _data(package, content):
            if packed := packer.compress(piece):
                write(packed)
        write(packer.flush())
        control = gzip.packed(_control(package, hashed.hexdigest()))
        if signer is not None:
            out.write(_signature_member(signer, key_name, algorithm, control))
        out.write(control)
        data.seek(0)
        while packed := data.read(_CHUNK):
            out.write(packed)
    return sha1(control, usedforsecurity=False).digest()


def _signature_member(signer: PrivateKey, key_name: str, algorithm: str, packed: bytes) -> bytes:
    digest = _DIGESTS.get(algorithm)
    if digest is None or signer.public.kind != "rsa":
        raise BadValue(
            f"the signature '{algorithm[:40]}' by a key of kind {signer.public.kind}",
            "is none of version 2",
            "there are RSA, RSA256 and RSA512, all by keys of kind RSA",
        )
    name = key_name or signer.public.name
    if not name or "/" in name or "\0" in name:
        raise BadValue(f"the name '{name}' of a key", "can be no file in etc/apk/keys")
    member = tar.Member(to_bytes(f"{_SIGNATURE}{algorithm}.{name}"))
    signature = signer.sign(packed, digest)
    return gzip.packed(tar.whole(replace(member, size=len(signature)), signature))


def _control(package: Package, data_hash: str) -> bytes:
    """Return the control fragment, which has no end."""
    info = package.info
    time = info.build_time or 0
    text = _pkginfo(package, data_hash)
    parts = [tar.whole(tar.Member(b".PKGINFO", mode=0o644, size=len(text), mtime=time), text)]
    present = package.scripts.present() if package.scripts else {}
    for name in _SCRIPTS:
        if script := present.get(name):
            if len(script) > MOST_IN_SCRIPT:
                raise BadValue(f"the script {name}", f"has more than {MOST_IN_SCRIPT} bytes")
            member = tar.Member(b"." + name.encode(), mode=0o755, size=len(script), mtime=time)
            parts.append(tar.whole(member, script))
    return b"".join(parts)


def _pkginfo(package: Package, data_hash: str) -> bytes:
    info = package.info
    check_name(info.name)
    if not is_valid(info.version):
        raise BadValue(f"the version '{info.version}'", "is none of apk")
    size = installed_size(package) if info.installed_size is None else info.installed_size
    lines = [
        ("pkgname", info.name),
        ("pkgver", info.version),
        ("pkgdesc", info.description),
        ("url", info.url),
        ("builddate", str(info.build_time or "")),
        ("size", str(size)),
        ("arch", info.arch),
        ("origin", info.origin),
        ("commit", info.repo_commit.hex()),
        ("maintainer", info.maintainer),
        ("license", info.license),
        ("provider_priority", str(info.provider_priority or "")),
        ("replaces_priority", str(package.replaces_priority or "")),
        *[("depend", str(one)) for one in info.depends],
        *[("provides", str(one)) for one in info.provides],
        *[("replaces", str(one)) for one in info.replaces],
        ("install_if", " ".join(map(str, info.install_if))),
        ("triggers", " ".join(package.triggers)),
        ("datahash", data_hash),
    ]
    for key, value in lines:
        if "\n" in value or "\0" in value:
            raise BadValue(f"the value of {key}", "has a newline or a zero byte")
    if any([not one or " " in one for one in package.triggers]):
        raise BadValue("a trigger", "is empty or has a blank, which separates triggers in version 2")
    try:
        return "".join([f"{key} = {value}\n" for key, value in lines if value]).encode()
    except UnicodeEncodeError as error:
        raise BadValue(f"a text of the package '{info.name}'", "has characters that are no Unicode") from error


def _data(package: Package, content: Content) -> Iterator[bytes]:
    """Yield the data fragment: an archive with its end."""
    place = package.info.full_name
    time = package.info.build_time or 0
    for directory in package.directories:
        if directory.path:
            member = _member(directory.path, directory.acl, time)
            yield tar.head(replace(member, path=member.path + b"/", kind=tar.DIRECTORY))
        for file in directory.files:
            path = directory.path_of(file)
            if path.startswith("."):
                raise BadValue(f"the file '{path}'", "begins with a dot at the top, which version 2 does not install")
            check_file(path, file)
            yield from _file(place, path, file, content)
    yield tar.END


def _file(place: str, path: str, file: File, content: Content) -> Iterator[bytes]:
    member = _member(path, file.acl, file.mtime)
    if file.link_target is not None:
        target = to_bytes(file.link_target)
        checksum = (_CHECKSUM, sha1(target, usedforsecurity=False).hexdigest().encode())
        yield tar.head(replace(member, kind=tar.SYMBOLIC_LINK, link=target, pax=(checksum, *member.pax)))
    elif file.hard_link is not None:
        yield tar.head(replace(member, kind=tar.HARD_LINK, link=to_bytes(file.hard_link)))
    elif file.device is not None:
        yield tar.head(replace(member, kind=_DEVICE_KINDS[file.device.kind], device=file.device.number))
    else:
        yield from _regular(place, path, file, member, content)


def _regular(place: str, path: str, file: File, member: tar.Member, content: Content) -> Iterator[bytes]:
    """Yield a file, which is asked for twice if it is large: its checksum stands before its content."""
    check, short = sha256(), sha1(usedforsecurity=False)
    kept: list[bytes] | None = []
    size = 0
    for data in read_content(content(path)) if file.size else ():
        check.update(data)
        short.update(data)
        size += len(data)
        if size > file.size:
            break
        if size > _SMALL:
            kept = None
        elif kept is not None:
            kept.append(data)
    if size != file.size:
        raise BadContent(place, path, f"has not the {file.size} bytes of the package")
    if file.sha256 is not None and check.digest() != file.sha256:
        raise BadContent(place, path, "has another SHA-256 than the package says")
    checksum = (_CHECKSUM, short.hexdigest().encode())
    yield tar.head(replace(member, size=size, pax=(checksum, *member.pax)))
    if kept is not None:
        yield from kept
    else:
        left, again = size, sha1(usedforsecurity=False)
        for data in read_content(content(path)):
            left -= len(data)
            if left < 0:
                break
            again.update(data)
            yield data
        if left or again.digest() != short.digest():
            raise BadContent(place, path, "changed while it was read")
    yield tar.padding(size)


def _member(path: str, acl: Acl, mtime: int) -> tar.Member:
    user, group = to_bytes(acl.user), to_bytes(acl.group)
    return tar.Member(
        to_bytes(path),
        mode=acl.mode,
        mtime=mtime,
        user=user,
        group=group,
        uid=0 if user == b"root" else _NOBODY,
        gid=0 if group == b"root" else _NOBODY,
        pax=tar.xattr_headers(acl.xattrs),
    )


_DEVICE_KINDS: Final = {"block": tar.BLOCK_DEVICE, "character": tar.CHARACTER_DEVICE, "fifo": tar.FIFO}
_KINDS_OF_DEVICES: Final = {kind: name for name, kind in _DEVICE_KINDS.items()}
assert _DEVICE_KINDS.keys() == DEVICE_TYPES.keys()


# Reading


class ReaderV2:
    """A package that is being read. Its metadata is there at once; `package` and `contents` read the data."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self.place = place
        self.compression = "deflate"
        self._members = gzip.Members(file, place)
        self._file = file
        signatures: list[SignatureV2] = []
        while True:
            packed: list[bytes] = []
            content = self._members.whole(MOST_IN_CONTROL, packed.append)
            if content is None:
                raise NotApk(place, "it has no control member")
            signature = _signatures(content, place) if not signatures or len(signatures) < MOST_SIGNATURES else []
            if not signature:
                break
            signatures += signature
        self.signatures = tuple(signatures)
        self._control = b"".join(packed)
        self.identity = sha1(self._control, usedforsecurity=False).digest()
        """SHA-1 of the packed control member: the name of the package in an index."""
        control = _Control(content, place)
        self.info = replace(control.info, hashes=self.identity)
        self.scripts = control.scripts
        self.triggers = control.triggers
        self.replaces_priority = control.replaces_priority
        self._data_hash = control.data_hash
        self._start = file.tell() - len(self._members._ahead) if file.seekable() else None
        self._package: Package | None = None

    @property
    def package(self) -> Package:
        """The package with all its files, which were read and checked for this; `sha256` of each is that of its content.

        Raises `HostileName`, `BadContent`, `Damaged`, `Truncated`, `TooLarge`; needs a file that can be sought.
        """
        if self._package is None:
            tree = _Tree(self.place)
            for member, pieces in self._archive():
                state = sha256()
                for piece in pieces:
                    state.update(piece)
                tree.add(member, state.digest())
            directories = sort_tree(tree.directories())
            check_tree(self.place, directories)
            self._package = Package(self.info, directories, self.scripts, self.triggers, self.replaces_priority)
        return self._package

    def contents(self) -> Iterator[tuple[Directory, File, Iterator[bytes]]]:
        """Yield every file with its directory and the pieces of its content, in the order of the archive.

        All files have been read and checked before the first is yielded, and are checked again. Raises what `package` raises.
        """
        found: dict[str, tuple[Directory, File]] = {}
        for directory, file in self.package.entries():
            found[directory.path_of(file)] = (directory, file)
        for member, pieces in self._archive():
            entry = found.get(_path_of(member))
            if entry is not None and member.kind != tar.DIRECTORY:
                yield (*entry, pieces)

    def stream(self) -> Iterator[tuple[str, Directory | File, Iterator[bytes]]]:
        """Yield the directories and files of the archive by their paths, with the pieces of their contents, in its order.

        Everything is read once. What was yielded is right once the last was and no error came: the caller has to throw it away otherwise.
        Files have no `sha256`. Directories that the archive does not name are left out. Raises what `package` raises.
        """
        tree = _Tree(self.place)
        for member, pieces in self._archive():
            path, entry = tree.add(member, None)
            yield path, entry, pieces
            for _ in pieces:
                pass
        check_tree(self.place, sort_tree(tree.directories()))

    def verify(self) -> None:
        """Read all contents. Raises what `package` raises."""
        _ = self.package

    def verify_signature(self, trusted: Iterable[PublicKey]) -> PublicKey:
        """Return the trusted key, found by the name of its file, that has signed the control member. Raises `Untrusted` and `BadSignature`.

        The data is tied to it by a hash, which reading the contents checks.
        """
        return _verify(self.place, self.signatures, trusted, self._control)

    def _archive(self) -> Iterator[tuple[tar.Member, Iterator[bytes]]]:
        """Yield what the data member has, with checks of checksums and, at the end, of the hash of the whole."""
        if self._start is None:
            raise Damaged(self.place, "data", "it cannot be read twice: this is no ordinary file")
        self._file.seek(self._start)
        members = gzip.Members(self._file, self.place)
        hashed = sha256()
        if not members.next(hashed.update):
            if self._data_hash is not None:
                raise BadContent(self.place, "data", "is missing")
            return
        for member, pieces in tar.Reading(members.read, self.place).members():
            first = member.path.partition(b"/")[0]
            if first.startswith(b".") and first not in (b".", b".."):
                continue
            yield member, self._checked(member, pieces)
        if members.read(1) or members.next():
            raise Damaged(self.place, "data", "something follows it")
        if self._data_hash is None or hashed.hexdigest() != self._data_hash:
            raise BadContent(self.place, "data", "has not the hash that the control member says")

    def _checked(self, member: tar.Member, pieces: Iterator[bytes]) -> Iterator[bytes]:
        expected = dict(member.pax).get(_CHECKSUM)
        if member.kind == tar.SYMBOLIC_LINK:
            found = sha1(member.link, usedforsecurity=False).hexdigest().encode()
        else:
            state = sha1(usedforsecurity=False)
            for piece in pieces:
                state.update(piece)
                yield piece
            found = state.hexdigest().encode()
        if expected is not None and expected != found and member.kind in (tar.FILE, tar.SYMBOLIC_LINK):
            raise BadContent(self.place, _path_of(member), "has another SHA-1 than the package says")


def read_package_v2(file: BinaryIO, place: str | None = None) -> ReaderV2:
    """Begin to read a package of version 2. `place` is the name for errors, that of the file by itself.

    Raises `NotApk`, `Damaged`, `Truncated`, `TooLarge` and `BadLine`.
    """
    return ReaderV2(file, place if place is not None else name_of(file))


def index_entry_v2(file: BinaryIO | str) -> Info:
    """Return the entry of a package for an index of version 2. The data is not read. Raises what `read_package_v2` raises."""
    if isinstance(file, str):
        with open(file, "rb", 1 << 14) as opened:
            return index_entry_v2(opened)
    reader = read_package_v2(file)
    return replace(reader.info, file_size=file.seek(0, os.SEEK_END))


def _signatures(content: bytes, place: str) -> list[SignatureV2]:
    """Return the signatures of a fragment; none if it is another fragment."""
    found: list[SignatureV2] = []
    for member, pieces in tar.Reading(BytesIO(content).read, place).members():
        name = from_bytes(member.path)
        if not name.startswith(_SIGNATURE):
            if found:
                raise Damaged(place, "signature", "its member has other files")
            return []
        if member.size > MOST_IN_SIGNATURE:
            raise TooLarge(place, "bytes of a signature", member.size, MOST_IN_SIGNATURE)
        algorithm, _, key_name = name[len(_SIGNATURE) :].partition(".")
        found.append(SignatureV2(algorithm, key_name, b"".join(pieces)))
    return found


def _verify(place: str, signatures: Iterable[SignatureV2], trusted: Iterable[PublicKey], packed: bytes) -> PublicKey:
    by_name = {key.name: key for key in trusted if key.kind == "rsa"}
    found = tuple(signatures)
    for one in found:
        key, digest = by_name.get(one.key_name), _DIGESTS.get(one.algorithm)
        if key is None or digest is None:
            continue
        if key.has_signed(packed, one.signature, digest):
            return key
        raise BadSignature(place, f"its signature by the key '{key.name}' is false")
    raise Untrusted(place, "no trusted key has signed it" if found else "nobody has signed it")


class _Control:
    """What the control member says."""

    def __init__(self, content: bytes, place: str) -> None:
        self.triggers: tuple[str, ...] = ()
        self.replaces_priority: int | None = None
        self.data_hash: str | None = None
        scripts: dict[str, bytes] = {}
        text: bytes | None = None
        for member, pieces in tar.Reading(BytesIO(content).read, place).members():
            name = from_bytes(member.path)
            if name == _PKGINFO:
                if text is not None:
                    raise Damaged(place, "control", "it has two files .PKGINFO")
                text = b"".join(pieces)
            elif name[1:] in _SCRIPTS and name[0] == ".":
                if name[1:] in scripts:
                    raise Damaged(place, "control", f"it has two files {name}")
                if member.size > MOST_IN_SCRIPT:
                    raise TooLarge(place, f"bytes of the script {name[1:]}", member.size, MOST_IN_SCRIPT)
                scripts[name[1:]] = b"".join(pieces)
        if text is None:
            raise NotApk(place, "its control member has no .PKGINFO")
        self.scripts = Scripts.named(scripts) if scripts else None
        self.info = self._info(decoded(text, place), place)

    def _info(self, text: str, place: str) -> Info:
        single: dict[str, str] = {}
        lists: dict[str, list[object]] = {key: [] for key in _LISTS.values()}
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, equals, value = line.partition("=")
            key, value = key.strip(), value.strip()
            if not equals or "\0" in value:
                raise BadLine(place, number, "it is no 'key = value'")
            try:
                if key in _LISTS:
                    lists[_LISTS[key]] += parse_list(value)
                elif key in _FIELDS or key in _NUMBERS or key in _OTHERS:
                    if key in single:
                        raise BadLine(place, number, f"'{key}' is there twice")
                    single[key] = self._value(key, value)
            except ValueError:
                raise BadLine(place, number, f"'{value[:80]}' is no value for '{key}'") from None
            except BadLine:
                raise
            except ApkError as error:
                raise BadLine(place, number, error.message) from error
        if "pkgname" not in single or "pkgver" not in single:
            raise BadLine(place, 1, "it has no pkgname or no pkgver")
        if "replaces_priority" in single:
            self.replaces_priority = int(single["replaces_priority"])
        self.triggers = tuple(single.get("triggers", "").split())
        self.data_hash = single.get("datahash")
        values: dict[str, object] = {field: single[key] for key, field in _FIELDS.items() if key in single}
        values |= {field: int(single[key]) for key, field in _NUMBERS.items() if key in single}
        values |= {field: tuple(found) for field, found in lists.items()}
        values["repo_commit"] = bytes.fromhex(single.get("commit", "").partition("-")[0])
        return Info(**values)  # type: ignore[arg-type]

    @staticmethod
    def _value(key: str, value: str) -> str:
        """Return a value if it is one for this key. Raises ValueError and `ApkError`."""
        if key in _NUMBERS or key == "replaces_priority":
            decimal(value)
        elif key == "pkgname":
            check_name(value)
        elif key == "pkgver" and not is_valid(value):
            raise ValueError
        elif key == "commit":
            bytes.fromhex(value.partition("-")[0])
        return value


_FIELDS: Final = {
    "pkgname": "name",
    "pkgver": "version",
    "pkgdesc": "description",
    "url": "url",
    "arch": "arch",
    "origin": "origin",
    "maintainer": "maintainer",
    "license": "license",
}
_NUMBERS: Final = {"builddate": "build_time", "size": "installed_size", "provider_priority": "provider_priority"}
_OTHERS: Final = ("commit", "replaces_priority", "triggers", "datahash")
_LISTS: Final = {"depend": "depends", "provides": "provides", "replaces": "replaces", "install_if": "install_if"}


def _path_of(member: tar.Member) -> str:
    path = member.path
    while path.startswith(b"./"):
        path = path[2:]
    if member.kind == tar.DIRECTORY:
        path = path.rstrip(b"/") or path[:1]
    return from_bytes(path) if path != b"." else ""


class _Tree:
    """Collects directories and files of an archive, in any order."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._directories: dict[str, Acl] = {"": _DEFAULT}
        self._files: dict[str, list[File]] = {}
        self._known: dict[str, File] = {}
        self._bytes_left = MOST_IN_HEADERS

    def add(self, member: tar.Member, digest: bytes | None) -> tuple[str, Directory | File]:
        """Take a member, and return it with its path; `digest` is the SHA-256 of its content. Raises `HostileName` and `Damaged`."""
        path = _path_of(member)
        if path and (reason := reason_against_path(path)):
            raise HostileName(self._place, path, reason)
        if not path and member.kind != tar.DIRECTORY:
            raise HostileName(self._place, path, "is empty")
        self._charge(member)
        acl = Acl(member.mode, _owner(member.user, member.uid), _owner(member.group, member.gid), member.xattrs)
        above, _, name = path.rpartition("/")
        while above not in self._directories:
            self._directories[above] = _DEFAULT
            above = above.rpartition("/")[0]
        if member.kind == tar.DIRECTORY:
            self._directories[path] = acl
            return path, Directory(path, acl)
        if path in self._known:
            raise Damaged(self._place, f"file '{path}'", "is there twice")
        folder = path.rpartition("/")[0]
        file = self._file(path, name, acl, member, digest)
        self._known[path] = file
        self._files.setdefault(folder, []).append(file)
        return path, file

    def _charge(self, member: tar.Member) -> None:
        """Bound what is kept: names compress well, so that a small file could ask for any memory."""
        count = len(self._known) + len(self._directories)
        if count >= MOST_ENTRIES:
            raise TooLarge(self._place, "files and directories", count + 1, MOST_ENTRIES)
        fields = (member.path, member.link, member.user, member.group, *[part for pair in member.pax for part in pair])
        self._bytes_left -= sum(map(len, fields))
        if self._bytes_left < 0:
            raise TooLarge(
                self._place, "bytes of names and attributes", MOST_IN_HEADERS - self._bytes_left, MOST_IN_HEADERS
            )

    def _file(self, path: str, name: str, acl: Acl, member: tar.Member, digest: bytes | None) -> File:
        kind = member.kind
        if kind == tar.SYMBOLIC_LINK:
            target = from_bytes(member.link)
            if not target or "\0" in target or "\n" in target:
                raise HostileName(self._place, path, "is a link to nothing, or to a name with a newline")
            return File(name, acl, len(member.link), member.mtime, link_target=target)
        if kind == tar.HARD_LINK:
            target = _path_of(tar.Member(member.link))
            first = self._known.get(target)
            if first is None or not first.is_regular:
                raise HostileName(
                    self._place, path, f"is a hard link to {target[:80]!r}, and the package has no such file before it"
                )
            return replace(first, name=name, hard_link=first.hard_link or target)
        if kind in _KINDS_OF_DEVICES:
            return File(name, acl, 0, member.mtime, device=Device(_KINDS_OF_DEVICES[kind], member.device))
        return File(name, acl, member.size, member.mtime, digest)

    def directories(self) -> list[Directory]:
        return [Directory(path, acl, tuple(self._files.get(path, ()))) for path, acl in self._directories.items()]


_DEFAULT: Final = Acl(0o755)


def _owner(name: bytes, number: int) -> str:
    """Return the name of an owner; without one its number, as a text."""
    return from_bytes(name) if name else "root" if number == 0 else str(number)


# Indexes


@dataclass(frozen=True, slots=True)
class IndexV2:
    """An index that was read. `packed` are the bytes that a signature is of."""

    index: Index
    signatures: tuple[SignatureV2, ...]
    packed: bytes
    place: str

    def verify_signature(self, trusted: Iterable[PublicKey]) -> PublicKey:
        """Return the trusted key, found by the name of its file, that has signed the index. Raises `Untrusted` and `BadSignature`."""
        return _verify(self.place, self.signatures, trusted, self.packed)


def write_index_v2(
    out: BinaryIO,
    index: Index,
    *,
    signer: PrivateKey | None = None,
    key_name: str = "",
    algorithm: str = "RSA256",
    mtime: int = 0,
) -> None:
    """Write an APKINDEX.tar.gz, its packages sorted. `mtime` is the time of the files in it. Raises `BadValue`."""
    text = index_text(sorted(index.packages, key=index_order)).encode()
    description = index.description.encode()
    parts = [
        tar.whole(tar.Member(name, size=len(data), mtime=mtime), data)
        for name, data in ((b"DESCRIPTION", description), (b"APKINDEX", text))
    ]
    packed = gzip.packed(b"".join((*parts, tar.END)))
    if signer is not None:
        out.write(_signature_member(signer, key_name, algorithm, packed))
    out.write(packed)


def read_index_v2(file: BinaryIO, place: str | None = None) -> IndexV2:
    """Read an APKINDEX.tar.gz. Raises `NotApk`, `Damaged`, `Truncated`, `TooLarge` and `BadLine`."""
    place = name_of(file) if place is None else place
    members = gzip.Members(file, place)
    signatures: list[SignatureV2] = []
    while True:
        packed: list[bytes] = []
        content = members.whole(MOST_IN_INDEX, packed.append)
        if content is None:
            raise NotApk(place, "it has no APKINDEX")
        found = _signatures(content, place) if len(signatures) < MOST_SIGNATURES else []
        if not found:
            break
        signatures += found
    if members.next():
        raise Damaged(place, "index", "something follows it")
    files: dict[str, bytes] = {}
    for member, pieces in tar.Reading(BytesIO(content).read, place).members():
        files[from_bytes(member.path)] = b"".join(pieces)
    if "APKINDEX" not in files:
        raise NotApk(place, "it has no APKINDEX")
    text = decoded(files["APKINDEX"], place)
    description = decoded(files.get("DESCRIPTION", b""), place)
    return IndexV2(Index(description, parse_index(text, place)), tuple(signatures), b"".join(packed), place)
