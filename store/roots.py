"""GC roots: links outside of the store directory that keep objects alive.

A root has two entries in `gcroots/`: `<digest of the link's path>` is a link to the link, and `<digest>.link` a hard
link to the link itself. The first counts as long as its path is a link into the store, whoever made it; the second as
long as the link exists anywhere else on its file system. So a moved link keeps its object, and a removed link keeps
nothing. Where no hard link is possible (another file system) only the path counts.

A link below the home is registered by its path relative to the home, points to its object relatively, and has no hard
link: it moves with the home. Other links hold the location of the home when they were made. The home may have moved
since, so a link counts if it points to *some* `store/<object>`; the caller checks whether this store has that object. A
link that now leads to another store with the same object keeps too much; no link keeps too little.
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
_DIGITS: Final = 32
_DRAFT: Final = ".tmp"


class LinkInTheWay(StoreError):
    """A file exists where a root's link should be."""

    def __init__(self, link: str) -> None:
        super().__init__(
            f"'{link}' is there already and is not a symbolic link",
            hint="move it away, or name another link",
            code="S005",
        )
        self.link = link


class Roots:
    """The roots registered in `gcroots/` of `home`, for objects in its `store/`."""

    __slots__ = ("_folder", "_home", "_spellings", "_store")

    def __init__(self, home: str) -> None:
        self._home = home
        self._folder = home + "/gcroots"
        self._store = home + "/store"
        self._spellings = {self._store: True}

    def target(self, link: str, path: StorePath) -> str:
        """Return the target of the absolute link `link` to an object."""
        place = f"{self._store}/{path.base}"
        return os.path.relpath(place, os.path.dirname(link)) if self._is_inside(link) else place

    def _is_inside(self, link: str) -> bool:
        return link.startswith(self._home + "/")

    def add(self, link: str, path: StorePath) -> None:
        """Register the absolute path `link`, then make it a link to an object. Raises `LinkInTheWay`, `StoreIO`.

        In this order: a registered link that is not there keeps nothing, a link that is
        not registered would point to an object that may vanish.
        """
        if os.path.lexists(link) and not os.path.islink(link):
            raise LinkInTheWay(link)
        is_inside = self._is_inside(link)
        said = os.path.relpath(link, self._folder) if is_inside else link
        try:
            entry = f"{self._folder}/{base32_encode(Digest.of(os.fsencode(said)).raw[:20])}"
            if not os.path.islink(entry):
                replace_link(entry, said)
            replace_link(link, self.target(link, path))
            if not is_inside:
                self._twin(link, entry + _TWIN)
        except OSError as error:
            raise StoreIO("link", link, error) from error

    def _twin(self, link: str, twin: str) -> None:
        draft = f"{twin}.{os.getpid()}{_DRAFT}"
        with suppress(OSError):
            os.unlink(draft)
        try:
            self._keep_moved(twin)
            os.link(link, draft, follow_symlinks=False)
            os.rename(draft, twin)
        except OSError:
            # Without a hard link, only the path of the link counts.
            with suppress(OSError):
                os.unlink(draft)

    def _keep_moved(self, twin: str) -> None:
        """Keep a moved root under a new name before its link is replaced."""
        with suppress(FileNotFoundError):
            status = os.lstat(twin)
            if status.st_nlink > 1:
                os.rename(twin, f"{twin.removesuffix(_TWIN)}-{status.st_ino}{_TWIN}")

    def live(self) -> Iterator[tuple[str, StorePath]]:
        """Yield links that point to a possible object of this store, sorted. A moved one has its former path, with a note."""
        found: dict[tuple[str, StorePath], None] = {}
        moved: list[tuple[str, StorePath]] = []
        for name in os.listdir(self._folder):
            entry = f"{self._folder}/{name}"
            try:
                if name.endswith(_TWIN):
                    if os.lstat(entry).st_nlink > 1 and (path := self.object_at(entry)):
                        moved.append((self._former(name), path))
                elif not name.endswith(_DRAFT):
                    link = self._registered(name)
                    if path := self.object_at(link):
                        found[link, path] = None
            except OSError:
                continue
        for link, path in moved:
            if (link, path) not in found:
                found[f"{link} (moved)", path] = None
        yield from sorted(found)

    def _registered(self, name: str) -> str:
        """Return the absolute path of the link that an entry registers. Raises `OSError`."""
        said = os.readlink(f"{self._folder}/{name}")
        return said if said.startswith("/") else os.path.normpath(f"{self._folder}/{said}")

    def object_at(self, link: str) -> StorePath | None:
        """Return the object that a link points to, in this store or at its earlier location; None for any other link."""
        try:
            folder, _, base = os.readlink(link).rpartition("/")
            if folder.rpartition("/")[2] != "store":
                if folder not in self._spellings:
                    # Another owner of a home may have named its directory differently.
                    self._spellings[folder] = os.path.realpath(folder) == os.path.realpath(self._store)
                if not self._spellings[folder]:
                    return None
            return StorePath.parse(base)
        except (OSError, InvalidStorePath):
            return None

    def _former(self, twin: str) -> str:
        try:
            return self._registered(twin[:_DIGITS])
        except OSError:
            return "?"

    def outside(self) -> list[str]:
        """Return the registered links outside of the home, sorted; they need not exist."""
        links = []
        for name in os.listdir(self._folder):
            with suppress(OSError):
                if len(name) == _DIGITS and not self._is_inside(link := self._registered(name)):
                    links.append(link)
        return sorted(links)

    def unfollowed(self) -> list[tuple[str, StorePath]]:
        """Return links missing from their paths in a copied home: they may have been moved or removed.

        Their hard links were copied, too, and so prove nothing any more.
        """
        found = []
        for name in sorted(os.listdir(self._folder)):
            entry = f"{self._folder}/{name}"
            if name.endswith(_TWIN) and (path := self.object_at(entry)) and os.lstat(entry).st_nlink == 1:
                link = self._former(name)
                if not self._is_inside(link) and self.object_at(link) != path:
                    found.append((link, path))
        return found

    def sweep(self) -> None:
        """Remove the entries of removed links. Call it under the write lock, so that no `add` is half done."""
        names = sorted(os.listdir(self._folder))
        twins = {name for name in names if name.endswith(_TWIN)}
        for name in names:
            entry = f"{self._folder}/{name}"
            with suppress(OSError):
                if name.endswith(_DRAFT):
                    os.unlink(entry)
                elif name in twins and os.lstat(entry).st_nlink == 1:
                    os.unlink(entry)
                    twins.discard(name)
        # Keep the entry of a moved link: it records the link's path.
        needed = {twin[:_DIGITS] for twin in twins}
        for name in names:
            with suppress(OSError):
                if len(name) == _DIGITS and name not in needed and not os.path.islink(self._registered(name)):
                    os.unlink(f"{self._folder}/{name}")


def replace_link(link: str, target: str) -> None:
    """Make `link` a symbolic link to `target`; it is never missing in between. Raises `OSError`."""
    folder = os.path.dirname(link)
    while True:
        # Short, because the name of the link may be as long as names can be.
        draft = f"{folder}/.chx-{os.getpid()}-{os.urandom(6).hex()}{_DRAFT}"
        with suppress(FileExistsError):
            os.symlink(target, draft)
            break
    try:
        os.rename(draft, link)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        raise
