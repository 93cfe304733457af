"""GC roots: links outside of the store that keep objects alive.

Two entries in `gcroots/` stand for a root: `<digest of the link's path>` is a link to the link, and
`<digest>.link` a hard link to the link itself. The first counts as long as a link into the store is at that
place, whoever put it there; the second as long as the link exists anywhere else on its file system. So a link that was moved keeps its
object, and a link that was removed keeps nothing. Where there cannot be a hard link (another file system)
only the place counts.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .digest import Digest, base32_encode
from .errors import StoreError, StoreIO
from .path import InvalidStorePath, StorePath

if TYPE_CHECKING:
    from collections.abc import Iterator

_TWIN: Final = ".link"


class LinkInTheWay(StoreError):
    """A file stands where a root's link should be."""

    def __init__(self, link: str) -> None:
        super().__init__(
            f"'{link}' is there already and is not a symbolic link",
            hint="move it away, or name another link",
            code="S005",
        )
        self.link = link


class Roots:
    """The roots registered in `folder`, for objects in `store`."""

    __slots__ = ("_folder", "_spellings", "_store")

    def __init__(self, folder: str, store: str) -> None:
        self._folder = folder
        self._store = store
        self._spellings = {store: True}

    def add(self, link: str, target: str) -> None:
        """Register the absolute path `link`, then make it a link to `target`.

        In this order: a registered link that is not there keeps nothing, a link that is
        not registered would point to an object that may vanish.
        """
        if os.path.lexists(link) and not os.path.islink(link):
            raise LinkInTheWay(link)
        try:
            entry = f"{self._folder}/{base32_encode(Digest.of(os.fsencode(link)).raw[:20])}"
            if not os.path.islink(entry):
                replace_link(entry, link)
            replace_link(link, target)
            self._twin(link, entry + _TWIN)
        except OSError as error:
            raise StoreIO("link", link, error) from error

    def _twin(self, link: str, twin: str) -> None:
        draft = f"{twin}.{os.getpid()}.tmp"
        with suppress(OSError):
            os.unlink(draft)
        try:
            self._keep_moved(twin)
            os.link(link, draft, follow_symlinks=False)
            os.rename(draft, twin)
        except OSError:
            # The place of the link has to be enough.
            with suppress(OSError):
                os.unlink(draft)

    def _keep_moved(self, twin: str) -> None:
        """Before a twin is replaced: if its link has been moved elsewhere it stays, under a name of its own."""
        with suppress(FileNotFoundError):
            status = os.lstat(twin)
            if status.st_nlink > 1:
                os.rename(twin, f"{twin.removesuffix(_TWIN)}-{status.st_ino}{_TWIN}")

    def live(self) -> Iterator[tuple[str, StorePath]]:
        """Links that point into the store, sorted. One that was moved goes by where it was, with a note."""
        found: dict[tuple[str, StorePath], None] = {}
        moved: list[tuple[str, StorePath]] = []
        for name in os.listdir(self._folder):
            entry = f"{self._folder}/{name}"
            try:
                if name.endswith(_TWIN):
                    if os.lstat(entry).st_nlink > 1 and (path := self._object(entry)):
                        moved.append((self._former(name), path))
                elif not name.endswith(".tmp"):
                    link = os.readlink(entry)
                    if path := self._object(link):
                        found[link, path] = None
            except OSError:
                continue
        for link, path in moved:
            if (link, path) not in found:
                found[f"{link} (moved)", path] = None
        yield from sorted(found)

    def _object(self, link: str) -> StorePath | None:
        try:
            folder, _, base = os.readlink(link).rpartition("/")
            if folder not in self._spellings:
                # The home may have been reached through a link when the root was made, or now.
                self._spellings[folder] = os.path.realpath(folder) == os.path.realpath(self._store)
            if self._spellings[folder]:
                return StorePath.parse(base)
        except (OSError, InvalidStorePath):
            pass
        return None

    def _former(self, twin: str) -> str:
        try:
            return os.readlink(f"{self._folder}/{twin[:32]}")
        except OSError:
            return "?"

    def sweep(self) -> None:
        """Remove the entries of links that are gone. To be done under the write lock: `add` is then not half done."""
        names = sorted(os.listdir(self._folder))
        twins = {name for name in names if name.endswith(_TWIN)}
        for name in names:
            entry = f"{self._folder}/{name}"
            with suppress(OSError):
                if name.endswith(".tmp"):
                    os.unlink(entry)
                elif name in twins and os.lstat(entry).st_nlink == 1:
                    os.unlink(entry)
                    twins.discard(name)
        # An entry whose link was moved stays: it says where the link was.
        needed = {twin[:32] for twin in twins}
        for name in names:
            entry = f"{self._folder}/{name}"
            with suppress(OSError):
                if len(name) == 32 and name not in needed and not os.path.islink(os.readlink(entry)):
                    os.unlink(entry)


def replace_link(link: str, target: str) -> None:
    """Make `link` a symbolic link to `target`; it is never missing in between."""
    draft = f"{link}.{os.getpid()}.tmp"
    try:
        os.symlink(target, draft)
    except FileExistsError:
        os.unlink(draft)
        os.symlink(target, draft)
    os.rename(draft, link)
