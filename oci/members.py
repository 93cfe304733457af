"""Members of an archive: files, directories, links and pipes, with all that an archive says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import InvalidMember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO


class Kind:
    """Kind of a member, as the type flag of a ustar header."""

    FILE: Final = b"0"
    SYMLINK: Final = b"2"
    DIRECTORY: Final = b"5"
    FIFO: Final = b"6"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive.

    `path` is relative, without `.`, `..` and a slash at its end; empty for the root itself. `mode` has the twelve bits
    of permissions. `user` and `group` are names, empty for none. `size` in bytes and `open`, which opens the content for
    reading, are those of a file; `target` is that of a symbolic link. `digest` is what `hasher` of the archive must give
    for the content; None if nothing is known of it.
    """

    path: bytes
    kind: bytes
    mode: int
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    size: int = 0
    open: Callable[[], BinaryIO] | None = None
    target: bytes = b""
    digest: bytes | None = None

    def check(self) -> None:
        """Raise `InvalidMember` if no archive can have this member."""
        if b"\0" in self.path or b"\0" in self.target:
            raise InvalidMember(self.path, "its name or its target has a NUL")
        if self.path and not {b"", b".", b".."}.isdisjoint(self.path.split(b"/")):
            raise InvalidMember(self.path, "its path is not a plain one below the root")
        if not 0 <= self.mode <= 0o7777:
            raise InvalidMember(self.path, f"its mode is {self.mode:o}")
        if self.uid < 0 or self.gid < 0 or self.size < 0:
            raise InvalidMember(self.path, "its owner or its size is negative")
        if "\0" in self.user or "\0" in self.group:
            raise InvalidMember(self.path, "the name of its owner has a NUL")
        if self.kind not in (Kind.FILE, Kind.SYMLINK, Kind.DIRECTORY, Kind.FIFO):
            raise InvalidMember(self.path, f"its kind is {self.kind!r}")
        if (self.kind == Kind.FILE) != (self.open is not None) or (self.kind != Kind.FILE and self.size):
            raise InvalidMember(self.path, "only a file has a content, and every file has one")
        if (self.kind == Kind.SYMLINK) != bool(self.target):
            raise InvalidMember(self.path, "only a symbolic link has a target, and every link has one")
        if not self.path and self.kind != Kind.DIRECTORY:
            raise InvalidMember(self.path, "the root is no directory")


def in_order(members: Iterable[Member]) -> list[Member]:
    """Return members sorted by the bytes of their paths: directories precede their content.

    Raises `InvalidMember` for one that no archive can have, for a path that occurs twice, and for one below something
    that is no directory.
    """
    found = sorted(members, key=lambda member: member.path)
    kinds: dict[bytes, bytes] = {}
    for member in found:
        member.check()
        if member.path in kinds:
            raise InvalidMember(member.path, "it occurs twice")
        parent = member.path.rpartition(b"/")[0]
        if parent and kinds.get(parent, Kind.DIRECTORY) != Kind.DIRECTORY:
            raise InvalidMember(member.path, f"{parent!r} is no directory")
        kinds[member.path] = member.kind
    return found
