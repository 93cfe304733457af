"""GC roots: links outside of the store that keep objects alive.

`gcroots/<digest of the link's path>` is a link to the link: when the user removes
his link, the object is free.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .digest import Digest, base32_encode
from .errors import StoreError, StoreIO
from .path import InvalidStorePath, StorePath

if TYPE_CHECKING:
    from collections.abc import Iterator


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

    __slots__ = ("_folder", "_store")

    def __init__(self, folder: str, store: str) -> None:
        self._folder = folder
        self._store = store

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
        except OSError as error:
            raise StoreIO("link", link, error) from error

    def live(self) -> Iterator[tuple[str, StorePath]]:
        """Links that point into the store, sorted."""
        links = []
        for name in os.listdir(self._folder):
            try:
                links.append(os.readlink(f"{self._folder}/{name}"))
            except OSError:
                continue
        for link in sorted(links):
            try:
                target = os.readlink(link)
                if os.path.dirname(target) == self._store:
                    yield link, StorePath.parse(os.path.basename(target))
            except (OSError, InvalidStorePath):
                continue


def replace_link(link: str, target: str) -> None:
    """Make `link` a symbolic link to `target`; it is never missing in between."""
    draft = f"{link}.{os.getpid()}.tmp"
    try:
        os.symlink(target, draft)
    except FileExistsError:
        os.unlink(draft)
        os.symlink(target, draft)
    os.rename(draft, link)
