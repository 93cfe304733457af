"""Packages of version 3: writing, reading, packing, signing.

with open("demo-1-r0.apk", "wb") as out:
    write_package(out, package, lambda path: open(f"{tree}/{path}", "rb"))
with open("demo-1-r0.apk", "rb") as file:
    reader = read_package(file)
    for directory, file, chunks in reader.contents():
        ...
"""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256, sha512
from struct import Struct
from typing import TYPE_CHECKING, Final

from . import blocks, keys
from .compression import Compression
from .contents import check_tree
from .decoding import decode_package
from .encoding import encode_package
from .errors import BadContent, Damaged
from .values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import BinaryIO

    Content = Callable[[str], BinaryIO | bytes]
    """What a writer asks for the content of a file: an open file, which it closes, or bytes."""

    from .blocks import BlockHead
    from .contents import Directory, File, Package
    from .keys import PrivateKey, PublicKey, Signature

_PLACE: Final = Struct("<II")
_SMALL: Final = 1 << 16
_SMALL_HEAD: Final = Struct("<III")
_SMALL_WORD: Final = blocks.DATA << 30 | _SMALL_HEAD.size
_PADDING: Final = tuple([bytes(-(size + _SMALL_HEAD.size) % 8) for size in range(8)])


def write_package(
    out: BinaryIO,
    package: Package,
    content: Content,
    *,
    compression: str = "none",
    signers: Sequence[PrivateKey] = (),
) -> bytes:
    """Write a package; return its identity (32 bytes). The bytes are those of the client for the same tree.

    `content` returns the open file that a path (`usr/bin/x`) of the package names, or its bytes. It is asked once for each regular file that is neither empty
    nor a hard link, in the order of the package, and once more before if `sha256` is None. `compression` is none, deflate, deflate:N, zstd
    or zstd:N. Raises `BadValue`, `BadName`, `BadVersion`; `HostileName` and `Damaged` for names and their order; `BadContent` if a content
    has not the size or the hash that the package says; what `content` raises.
    """
    packing = Compression.parse(compression)
    info = package.info
    check_tree(info.full_name, package.directories)
    package = _hashed(package, content)
    values = encode_package(package)
    writer = blocks.begin_container(out, blocks.PACKAGE, packing)
    writer.write(blocks.block(blocks.ADB, values))
    for signer in signers:
        writer.write(blocks.block(blocks.SIGNATURE, keys.sign_adb(signer, blocks.PACKAGE, values)))
    write = writer.write
    place = info.full_name
    for number, directory in enumerate(package.directories, 1):
        prefix = f"{directory.path}/" if directory.path else ""
        for index, file in enumerate(directory.files, 1):
            size = file.size
            if not size or not file.has_data:
                continue
            path = prefix + file.name
            given = content(path)
            if isinstance(given, bytes):
                data = given
            elif size > _SMALL:
                with given as opened:
                    _copy(place, path, file, opened, write, _PLACE.pack(number, index))
                continue
            else:
                with given as opened:
                    data = opened.read(size + 1)
            if len(data) != size:
                raise BadContent(place, path, f"has {_more(len(data), size)} than the {size} bytes of the package")
            if sha256(data).digest() != file.sha256:
                raise BadContent(place, path, "has another SHA-256 than the package says")
            if size <= _SMALL:
                write(_SMALL_HEAD.pack(_SMALL_WORD + size, number, index) + data + _PADDING[size & 7])
            else:
                write(blocks.block(blocks.DATA, _PLACE.pack(number, index) + data))
    writer.finish()
    return sha256(values).digest()


def _copy(
    place: str, path: str, file: File, opened: BinaryIO, write: Callable[[bytes], object], numbers: bytes
) -> None:
    """Write the block of a large file, and hold its content against what the package says of it."""
    write(blocks.block_head(blocks.DATA, _PLACE.size + file.size) + numbers)
    state, left = sha256(), file.size
    while data := opened.read(min(left + 1, blocks.CHUNK)):
        left -= len(data)
        if left < 0:
            break
        state.update(data)
        write(data)
    if left:
        raise BadContent(place, path, f"has {_more(-left, 0)} than the {file.size} bytes of the package")
    if state.digest() != file.sha256:
        raise BadContent(place, path, "has another SHA-256 than the package says")
    write(blocks.block_padding(_PLACE.size + file.size))


def _more(found: int, wanted: int) -> str:
    return "more" if found > wanted else "less"


def _hashed(package: Package, content: Content) -> Package:
    """Return the package with the SHA-256 of every regular file."""
    if all([file.sha256 is not None or not file.is_regular for _, file in package.entries()]):
        return package
    known: dict[str, bytes] = {}
    directories = []
    for directory in package.directories:
        files = []
        for file in directory.files:
            if file.is_regular and file.sha256 is None:
                path = file.hard_link or directory.path_of(file)
                if path not in known:
                    known[path] = _hash(content, path) if file.size else sha256().digest()
                file = replace(file, sha256=known[path])
            files.append(file)
        directories.append(replace(directory, files=tuple(files)))
    return replace(package, directories=tuple(directories))


def _hash(content: Content, path: str) -> bytes:
    state = sha256()
    for data in read_content(content(path)):
        state.update(data)
    return state.digest()


def read_content(given: BinaryIO | bytes) -> Iterator[bytes]:
    """Yield what a caller gave as a content, in pieces."""
    if isinstance(given, bytes):
        yield given
        return
    with given as opened:
        while data := opened.read(blocks.CHUNK):
            yield data


class Reader:
    """A package that is being read. `package`, `identity` and `signatures` are there at once; `contents` may be called once."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self.place = place
        """The name of the file, for errors."""
        self._blocks = blocks.BlockReader(file, place, blocks.PACKAGE)
        self.compression = str(self._blocks.compression)
        head = self._blocks.next_head()
        assert head is not None
        self.values = self._blocks.payload(head)
        """The bytes that the identity is of."""
        self.identity = sha256(self.values).digest()
        """SHA-256 of the values: the name of the package in an index."""
        self.package: Package = decode_package(Values(self.values, place))
        signatures: list[Signature] = []
        while (next_head := self._blocks.next_head()) and next_head.kind == blocks.SIGNATURE:
            signatures.append(keys.parse_signature(self._blocks.payload(next_head), place))
        self.signatures = tuple(signatures)
        self._next: BlockHead | None = next_head

    def contents(self) -> Iterator[tuple[Directory, File, Iterator[bytes]]]:
        """Yield every file with its directory and the pieces of its content, which is empty for all but regular files.

        A hard link has no content of its own. Pieces that nobody takes are read and checked nevertheless. The last piece of a file that is
        not what the package says is followed by an error: `BadContent`. Raises `Damaged` and `Truncated`; a file is whole, and nothing
        follows it, once the last has been yielded and no error came.
        """
        for number, directory in enumerate(self.package.directories, 1):
            for index, file in enumerate(directory.files, 1):
                if not file.has_data:
                    yield directory, file, iter(())
                    continue
                pieces = self._pieces(number, index, directory, file)
                yield directory, file, pieces
                for _ in pieces:
                    pass
        if self._next is not None:
            raise Damaged(self.place, "content", "there are more blocks of content than files")

    def stream(self) -> Iterator[tuple[str, Directory | File, Iterator[bytes]]]:
        """Yield every directory and file by its path, with the pieces of its content. Directories come before what is in them.

        Raises what `contents` raises.
        """
        done = 0
        directories = self.package.directories
        numbers = {directory.path: number for number, directory in enumerate(directories)}
        for directory, file, pieces in self.contents():
            while done <= numbers[directory.path]:
                yield directories[done].path, directories[done], iter(())
                done += 1
            yield directory.path_of(file), file, pieces
        for directory in directories[done:]:
            yield directory.path, directory, iter(())

    def verify(self) -> None:
        """Read all contents. Raises what `contents` raises."""
        for _ in self.contents():
            pass

    def verify_signature(self, trusted: Iterable[PublicKey]) -> PublicKey:
        """Return the trusted key that has signed the package. Raises `Untrusted`, and `BadSignature` if a signature is false."""
        return keys.verify_any(self.place, self.signatures, trusted, blocks.PACKAGE, self.values)

    def _pieces(self, number: int, index: int, directory: Directory, file: File) -> Iterator[bytes]:
        head, path = self._next, directory.path_of(file)
        if head is None:
            raise BadContent(self.place, path, "is missing")
        if head.size < _PLACE.size:
            raise Damaged(self.place, "content", "a DATA block has no place for the number of its file")
        found = _PLACE.unpack(self._blocks.exactly(_PLACE.size))
        if found != (number, index):
            raise BadContent(
                self.place, path, f"is missing: there is that of file {found[1]} of directory {found[0]} in its place"
            )
        if head.size - _PLACE.size != file.size:
            raise BadContent(self.place, path, f"has {head.size - _PLACE.size} bytes, and {file.size} are wanted")
        state = sha256()
        for chunk in self._blocks.chunks(file.size):
            state.update(chunk)
            yield chunk
        if state.digest() != file.sha256:
            raise BadContent(self.place, path, "has another SHA-256 than the package says")
        self._blocks.skip_padding(head)
        self._next = self._blocks.next_head()


def read_package(file: BinaryIO, place: str | None = None) -> Reader:
    """Begin to read a package of version 3; contents are not read yet. `place` is the name for errors, that of the file by itself.

    Raises `NotApk`, `Unsupported`, `Damaged`, `Truncated`, `TooLarge`, and `HostileName` for a package with one bad path.
    """
    return Reader(file, place if place is not None else name_of(file))


def name_of(file: BinaryIO) -> str:
    """Return the name of an open file, for errors."""
    name = getattr(file, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else "package"


def pack(source: BinaryIO, out: BinaryIO, compression: str) -> None:
    """Write the container of a package or index again, packed in another way. Identity and signatures stay.

    Raises `BadValue`, `NotApk`, `Unsupported`, `Damaged`, `Truncated`, `TooLarge`.
    """
    _rewrite(source, out, Compression.parse(compression), (), keeps_signatures=True)


def sign(
    source: BinaryIO,
    out: BinaryIO,
    signers: Sequence[PrivateKey],
    *,
    compression: str | None = None,
    keeps_signatures: bool = True,
) -> None:
    """Write a package or index again with a signature by each of `signers` after those that it has, or in their place.

    Packed as `source` is, unless `compression` says otherwise. Raises what `pack` raises.
    """
    packing = None if compression is None else Compression.parse(compression)
    _rewrite(source, out, packing, signers, keeps_signatures=keeps_signatures)


def _rewrite(
    source: BinaryIO,
    out: BinaryIO,
    compression: Compression | None,
    signers: Sequence[PrivateKey],
    *,
    keeps_signatures: bool,
) -> None:
    reader = blocks.BlockReader(source, name_of(source))
    writer = blocks.begin_container(out, reader.schema, compression or reader.compression)
    head = reader.next_head()
    assert head is not None
    values = reader.payload(head)
    digest = sha512(values).digest()
    writer.write(blocks.block(blocks.ADB, values))
    head = reader.next_head()
    while head is not None and head.kind == blocks.SIGNATURE:
        kept = reader.payload(head)
        if keeps_signatures:
            writer.write(blocks.block(blocks.SIGNATURE, kept))
        head = reader.next_head()
    for signer in signers:
        writer.write(blocks.block(blocks.SIGNATURE, keys.sign_digest(signer, reader.schema, digest)))
    while head is not None:
        writer.write(blocks.block_head(head.kind, head.size))
        for chunk in reader.chunks(head.size):
            writer.write(chunk)
        reader.skip_padding(head)
        writer.write(blocks.block_padding(head.size))
        head = reader.next_head()
    writer.finish()
