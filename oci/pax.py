"""Write pax archives, the same bytes for the same members.

A member has one ustar header. What does not fit there stands in an extended header before it, and nothing else does, so
that an archive without long or foreign names is plain ustar: names of more than 100 and 155 bytes, targets of more than
100, names that are not ASCII, sizes from 8 GiB on, owners above 2097151. Texts of extended headers are UTF-8; a name that
is none is written as it is, after `hdrcharset=BINARY`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import ContentChanged, InvalidMember
from .members import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, BinaryIO

    from .members import Member

_BLOCK: Final = 512
_RECORD: Final = 20 * _BLOCK
"""Archives are padded to this, as POSIX has it for the default blocking factor."""
_CHUNK: Final = 1 << 20
_NAME: Final = 100
_PREFIX: Final = 155
_OWNER_NAME: Final = 31
_LARGEST_ID: Final = 0o7777777
_LARGEST_SIZE: Final = 0o77777777777
_ZEROS: Final = bytes(2 * _RECORD)


def archive(
    members: Iterable[Member], mtime: int, hasher: Callable[[], Any] | None = None, pad: bool = True
) -> Iterator[bytes]:
    """Yield an archive of members, which come as `in_order` returns them.

    `mtime` is the modification time of all members, in seconds since 1970, less than 2**33. `hasher` makes an object
    with `update` and `digest`, which contents are compared with the digests of members by. Without `pad` the archive
    ends with its two blocks of zeros. Raises `ContentChanged`, for what cannot be read as well.
    """
    written = 0
    for member in members:
        head = _headers(member, mtime)
        written += len(head)
        if member.open is None:
            yield head
            continue
        if member.size <= _CHUNK:
            # One piece: most files are small.
            content = b"".join(_content(member, hasher))
            filling = _ZEROS[: -member.size % _BLOCK]
            yield b"".join((head, content, filling))
        else:
            yield head
            yield from _content(member, hasher)
            yield _ZEROS[: -member.size % _BLOCK]
        written += member.size + -member.size % _BLOCK
    written += 2 * _BLOCK
    yield _ZEROS[: 2 * _BLOCK + (-written % _RECORD if pad else 0)]


def _content(member: Member, hasher: Callable[[], Any] | None) -> Iterator[bytes]:
    """Yield exactly `size` bytes of a member, and compare its digest."""
    assert member.open is not None
    check = hasher() if hasher is not None and member.digest is not None else None
    left = member.size
    with _opened(member) as file:
        while left:
            piece = _read(member, file, min(left, _CHUNK))
            if not piece:
                raise ContentChanged(member.path, f"it ends {left} bytes too early")
            left -= len(piece)
            if check is not None:
                check.update(piece)
            yield piece
        if _read(member, file, 1):
            raise ContentChanged(member.path, f"it has more than {member.size} bytes")
    if check is not None and check.digest() != member.digest:
        raise ContentChanged(member.path, "its digest is another")


def _opened(member: Member) -> BinaryIO:
    assert member.open is not None
    try:
        return member.open()
    except OSError as error:
        raise ContentChanged(member.path, f"it cannot be read ({error.strerror or error})") from error


def _read(member: Member, file: BinaryIO, size: int) -> bytes:
    # Whoever writes the archive must not take this for an error of writing.
    try:
        return file.read(size)
    except OSError as error:
        raise ContentChanged(member.path, f"it cannot be read ({error.strerror or error})") from error


def _headers(member: Member, mtime: int) -> bytes:
    """Return the header of a member, behind an extended header if it needs one."""
    path = member.path or b"."
    if member.kind == Kind.DIRECTORY:
        path += b"/"
    user, group = member.user.encode("utf-8", "surrogateescape"), member.group.encode("utf-8", "surrogateescape")
    records: list[tuple[bytes, bytes]] = []
    fields = _split(path)
    if fields is None:
        records.append((b"path", path))
        fields = path[:_NAME], b""
    if len(member.target) > _NAME or not member.target.isascii():
        records.append((b"linkpath", member.target))
    for key, name in ((b"uname", user), (b"gname", group)):
        if len(name) > _OWNER_NAME or not name.isascii():
            records.append((key, name))
    for key, number, largest in (
        (b"uid", member.uid, _LARGEST_ID),
        (b"gid", member.gid, _LARGEST_ID),
        (b"size", member.size, _LARGEST_SIZE),
    ):
        if number > largest:
            records.append((key, b"%d" % number))
    head = _header(
        fields,
        member.mode,
        member.uid if member.uid <= _LARGEST_ID else 0,
        member.gid if member.gid <= _LARGEST_ID else 0,
        member.size if member.size <= _LARGEST_SIZE else 0,
        mtime,
        member.kind,
        member.target[:_NAME],
        user[:_OWNER_NAME],
        group[:_OWNER_NAME],
    )
    if not records:
        return head
    if not all(_is_utf8(value) for _, value in records):
        records.insert(0, (b"hdrcharset", b"BINARY"))
    text = b"".join(_record(key, value) for key, value in records)
    if len(text) > _LARGEST_SIZE:
        raise InvalidMember(member.path, "its name is too long")
    name = (b"PaxHeaders/" + path.rstrip(b"/").rpartition(b"/")[2])[:_NAME]
    extended = _header((name, b""), 0o644, 0, 0, len(text), mtime, b"x", b"", b"", b"")
    return b"".join((extended, text, _ZEROS[: -len(text) % _BLOCK], head))


def _split(path: bytes) -> tuple[bytes, bytes] | None:
    """Return a path as the name and the prefix of a header; None if it does not fit there."""
    if not path.isascii():
        return None
    if len(path) <= _NAME:
        return path, b""
    # The longest prefix: the slash that divides is in neither, and the name must not be empty.
    cut = path.rfind(b"/", 0, min(_PREFIX + 1, len(path) - 1))
    if cut <= 0 or len(path) - cut - 1 > _NAME:
        return None
    return path[cut + 1 :], path[:cut]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _record(key: bytes, value: bytes) -> bytes:
    """Return a record of an extended header; its length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + 1
    while length != rest + len(b"%d" % length):
        length = rest + len(b"%d" % length)
    return b"%d %b=%b\n" % (length, key, value)


def _header(
    fields: tuple[bytes, bytes],
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    kind: bytes,
    target: bytes,
    user: bytes,
    group: bytes,
) -> bytes:
    name, prefix = fields
    head = bytearray(
        b"%b%07o\0%07o\0%07o\0%011o\0%011o\0        %b%bustar\00000%b%b0000000\x000000000\0%b"
        % (
            name.ljust(_NAME, b"\0"),
            mode,
            uid,
            gid,
            size,
            mtime,
            kind,
            target.ljust(100, b"\0"),
            user.ljust(32, b"\0"),
            group.ljust(32, b"\0"),
            prefix.ljust(_PREFIX, b"\0"),
        )
    )
    head += bytes(_BLOCK - len(head))
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)
