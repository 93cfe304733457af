"""The location of a home, and the adjustments after it has changed.

`meta` records the home's location at its last use: its real path, and its stamp (`home.stamp`). If the path has
changed, the home was *moved* if the stamp is the same, else *copied*; moving to another file system copies.

A change of location never drops a root. Roots below the home move with it. Links elsewhere are redirected to the new
location, unless a home still exists where they point to: then they belong to that home, and also keep their objects
here. Hard links that follow moved links do not survive copying: the objects of such links get roots in `kept/moved`.

A copied home gets a new identity: two homes must not count as one witness (`witness`).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import StoreError
from .home import STAMPED, place_text, stamp
from .roots import replace_link
from .witness import fresh_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .database import Database
    from .store import Store

IDENTITY: Final = "home"
"""Key in `meta` of the home's identity (see `witness`)."""
PLACE: Final = "place"
_FORMER: Final = "former places"
_MOST_FORMER: Final = 16


class _Before(NamedTuple):
    """`path` is real; `former` are earlier locations of the home, the last one first."""

    stamp: bytes
    path: str
    former: tuple[str, ...] = ()


def _read(database: Database) -> _Before | None:
    """Return the recorded location; None if there is none, or it is malformed."""
    found = database.value("SELECT CAST(value AS BLOB) FROM meta WHERE key = ?", (PLACE,))
    former = database.value("SELECT CAST(value AS BLOB) FROM meta WHERE key = ?", (_FORMER,))
    parts = found.split(b" ", 2) if isinstance(found, bytes) else []
    if len(parts) != 3 or not parts[0].isdigit() or not parts[1].isdigit() or not parts[2].startswith(b"/"):
        return None
    places = former.split(b"\0") if isinstance(former, bytes) and former else []
    return _Before(b" ".join(parts[:2]), os.fsdecode(parts[2]), tuple(map(os.fsdecode, places)))


def settle(store: Store, home: str) -> list[str]:
    """Record the home's real path. If it has changed, adjust the roots, and return messages about that.

    Raises `StoreError`, `OSError`.
    """
    database = store._database
    with store.transaction():
        # Read under the lock: another process may have been quicker.
        before = _read(database)
        os.close(os.open(f"{store.home}/{STAMPED}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        now = stamp(store.home)
        if before is not None:
            if (before.stamp, before.path) == (now, home):
                return []
            if before.path != home and _is_same_folder(before.path, home):
                return []  # under another name, such as that of a mount
        links = _Links(store)
        links.take_in()
        links.point_here()
        if before is None:
            # The home is new, or of an older chx, which recorded no location.
            database.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (IDENTITY, fresh_id()))
            former: tuple[str, ...] = ()
            is_copied, messages = links.was_elsewhere, []
        else:
            former = tuple(path for path in dict.fromkeys((before.path, *before.former)) if path != home)[:_MOST_FORMER]
            is_copied = before.stamp != now
            messages = _move_messages(before, home, is_copied)
            if is_copied and before.path != home:
                database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (IDENTITY, fresh_id()))
        if is_copied:
            links.keep_unfollowed()
        for key, value in ((PLACE, place_text(store.home, home)), (_FORMER, b"\0".join(map(os.fsencode, former)))):
            database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
    return [*messages, *links.messages()]


def _move_messages(before: _Before, home: str, is_copied: bool) -> list[str]:
    if before.path == home or home in before.former:
        return []
    if not is_copied:
        return [f"this store was in {before.path} and is in {home} now"]
    still = ", which is still there" if is_home(before.path) else ""
    return [
        f"the store in {home} is a copy of that in {before.path}{still}: from now on its builds are witnessed as those of"
        " another home, and signed with the same key"
    ]


def _is_same_folder(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def is_home(path: str) -> bool:
    """Whether a path is the home of a store."""
    return os.path.exists(path + "/db/store.sqlite")


class _Links:
    """The roots of a home that may have been moved."""

    def __init__(self, store: Store) -> None:
        self._store, self._roots = store, store._roots
        self._pointed = self._left = self._unfollowed = 0

    @property
    def was_elsewhere(self) -> bool:
        """Whether a link pointed to an earlier location of the home."""
        return bool(self._pointed or self._left)

    def take_in(self) -> None:
        """Register links below the home by relative paths; an older chx used absolute ones."""
        for link in _links_below(self._store.home):
            path = self._roots.object_at(link)
            if path is not None and os.readlink(link).startswith("/") and self._store._is_registered(path):
                self._roots.add(link, path)

    def point_here(self) -> None:
        """Redirect registered links that point to the home's earlier location, if there is no home any more."""
        for link in self._roots.outside():
            path = self._roots.object_at(link)
            if path is None or not self._store._is_registered(path):
                continue
            folder = os.path.dirname(os.readlink(link))
            if not folder.startswith("/") or os.path.realpath(folder) == os.path.realpath(self._store.directory):
                continue
            if is_home(os.path.dirname(folder)):
                continue  # it belongs to the home that exists there
            try:
                replace_link(link, self._roots.target(link, path))
                self._pointed += 1
            except OSError:
                self._left += 1
                continue
            with suppress(StoreError):
                self._roots.add(link, path)

    def keep_unfollowed(self) -> None:
        """Keep the objects of links that were moved before the home was copied."""
        folder = self._store.home + "/kept/moved"
        for _, path in self._roots.unfollowed():
            if self._store._is_registered(path):
                os.makedirs(folder, exist_ok=True)
                self._roots.add(f"{folder}/{path.base}", path)
                self._unfollowed += 1

    def messages(self) -> list[str]:
        """Return messages about the adjustments."""
        messages = []
        if self._pointed:
            messages.append(f"pointed {_count(self._pointed)} to where it is now")
        if self._left:
            messages.append(
                f"could not point {_count(self._left)} to where it is now; what they pointed to is kept all the same"
            )
        if self._unfollowed:
            messages.append(
                f"{_count(self._unfollowed)} cannot be followed in a copied store, having been moved or removed before:"
                f" {self._store.home}/kept/moved keeps what they pointed to until you remove it"
            )
        return messages


def _count(number: int) -> str:
    return "1 result link" if number == 1 else f"{number} result links"


def _links_below(home: str) -> Iterator[str]:
    """Yield the symbolic links in the directories of a home that hold roots."""
    for top in ("kept", "seeds"):
        for folder, folders, names in os.walk(f"{home}/{top}"):
            for name in (*folders, *names):
                if os.path.islink(f"{folder}/{name}"):
                    yield f"{folder}/{name}"
