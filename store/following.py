"""Symbolic links as builds see them: `/chx/store` contains the objects, wherever their home is.

The operating system would look up links to `/chx/store/...` on the machine, and relative links out of an object in the
home. So this module walks paths into objects component by component.

A link in an object may lead only to references of that object: otherwise its meaning would depend on what else is in
the store, or on the machine. A path itself may name any object.
"""

from __future__ import annotations

import posix

from .errors import StoreError
from .path import STORE_DIR, StorePath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from .store import Store

    Reach = Callable[[str, str | None], str | None]
    """Maps a base name to the path of its object on disk, if a link in the object with the second base name may lead there.

    The second is None if a path itself names the object.
    """

MOST_LINKS: Final = 1024
"""Most links followed for one path, as in Nix."""
_DEPTH: Final = 2
_LINK: Final = 0o120000


class BadLink(StoreError):
    """A link in a store object that cannot be followed; `link` and `target` are paths as a build sees them."""

    def __init__(self, message: str, hint: str, link: str, target: str, code: str) -> None:
        super().__init__(message, hint=hint, code=code)
        self.link = link
        self.target = target


class EndlessLinks(BadLink):
    """Links form a cycle, or exceed the limit."""

    def __init__(self, path: str, link: str, target: str) -> None:
        hint = f"the link '{link}' leads to '{target}'"
        super().__init__(f"infinite symlink recursion in path '{path}'", hint, link, target, "S070")


class LinkOutOfStore(BadLink):
    """A link in an object that leads to the machine."""

    def __init__(self, link: str, target: str) -> None:
        hint = f"the link '{link}' leads out of the store, to something else on every machine"
        super().__init__(
            f"the link '{link}' leads to '{target}', which is not in the store", hint, link, target, "S071"
        )


class LinkToUnreferenced(BadLink):
    """A link in an object to an object that it does not refer to."""

    def __init__(self, link: str, target: str) -> None:
        hint = f"the link '{link}' leads there, but its object does not refer to it; what it finds there is chance"
        message = f"the link '{link}' leads to '{target}', which is not among the references of its object"
        super().__init__(message, hint, link, target, "S072")


class Followed:
    """The target of a path. `path`: as a build sees it; `place`: on disk; `links`: the links followed, as paths on disk.

    The target need not exist: from the first missing component on, the path is unchanged.
    """

    __slots__ = ("links", "path", "place")

    def __init__(self, path: str, place: str, links: tuple[str, ...] = ()) -> None:
        self.path = path
        self.place = place
        self.links = links


class Follower:
    """Follows links. `directory` is the real store directory, so that links of the machine into it are understood.

    `confined`: links in objects must not lead to the machine. Paths are absolute, as the operating system sees them.
    """

    def __init__(self, reach: Reach, directory: str, confined: bool = True) -> None:
        self._reach = reach
        self._directory = directory
        self._confined = confined
        self._folders: dict[str, str] = {}

    def follow(self, path: str, last: bool = True, enter: bool = True) -> Followed:
        """Return the target of `path`; `last` also follows a link at its end.

        Without `enter` the walk ends at the first object. Raises `BadLink`.
        """
        folder, _, name = path.rpartition("/")
        known = self._folders.get(folder)
        if known is not None and name not in ("", ".", ".."):
            place = f"{known}/{name}"
            if not last or _kind(place) != _LINK:
                return Followed(path, place)
        return _Walk(self._reach, self._directory, self._confined, self._folders, path, last, enter).run()


class _Walk:
    """The walk along one path. `holder` is the object of the last link followed; None: a path or a link of the machine."""

    def __init__(
        self, reach: Reach, directory: str, confined: bool, folders: dict[str, str], path: str, last: bool, enter: bool
    ) -> None:
        self._reach = reach
        self._directory = directory
        self._confined = confined
        self._folders = folders
        self._asked = path
        self._last = last
        self._enter = enter
        self._todo = path.split("/")[::-1]
        self._done: list[str] = []
        self._root = ""
        self._holder: str | None = None
        self._link = self._target = ""
        self._links: list[str] = []

    def run(self) -> Followed:
        todo, done = self._todo, self._done
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                del done[-1:]
                continue
            done.append(part)
            if not self._is_inside() and self._is_on_the_way():
                continue
            if not self._arrive():
                break
        if not self._is_inside():
            self._check_outside()
        return Followed("/" + "/".join(done), self._place(), tuple(self._links))

    def _is_inside(self) -> bool:
        return len(self._done) > _DEPTH and self._done[0] == "chx" and self._done[1] == "store"

    def _is_on_the_way(self) -> bool:
        """Whether this path is a parent of the objects, and components remain."""
        return len(self._done) <= _DEPTH and self._done == ["chx", "store"][: len(self._done)] and any(self._todo)

    def _arrive(self) -> bool:
        """Process the component just added; return whether to go on."""
        done = self._done
        if self._is_inside():
            if len(done) == _DEPTH + 1:
                self._enter_object(done[_DEPTH])
                if not self._enter:
                    return False
        else:
            self._check_outside()
            if "/" + "/".join(done) == self._directory:
                done[:] = ["chx", "store"]
                return True
        place = self._place()
        kind = _kind(place)
        if kind is None:
            self._append_rest()
            return False
        if kind == _LINK and (self._last or any(self._todo)):
            self._follow(place)
        elif kind == 0o040000 and self._is_inside():
            self._folders["/" + "/".join(done)] = place
        return True

    def _enter_object(self, base: str) -> None:
        root = self._reach(base, self._holder)
        if root is None:
            target = f"{STORE_DIR}/{base}"
            raise LinkToUnreferenced(self._link or target, self._target or target)
        self._root = root

    def _check_outside(self) -> None:
        if self._holder is not None and self._confined:
            way = (*self._done, *reversed(self._todo))
            raise LinkOutOfStore(self._link, "/" + "/".join([part for part in way if part]))

    def _place(self) -> str:
        if self._is_inside():
            return "/".join((self._root, *self._done[_DEPTH + 1 :]))
        return "/" + "/".join(self._done)

    def _follow(self, place: str) -> None:
        target = posix.readlink(place)
        self._link, self._target = "/" + "/".join(self._done), target
        self._holder = self._done[_DEPTH] if self._is_inside() else None
        if len(self._links) >= MOST_LINKS:
            raise EndlessLinks(self._asked, self._link, target)
        self._links.append(place)
        self._done.pop()
        if target.startswith("/"):
            self._done.clear()
        self._todo += target.split("/")[::-1]

    def _append_rest(self) -> None:
        # `..` too: behind what is not there nothing is found.
        self._done += [part for part in reversed(self._todo) if part not in ("", ".")]
        self._todo.clear()


def _kind(place: str) -> int | None:
    """Return the type bits of a path; None if it does not exist."""
    try:
        return posix.lstat(place).st_mode & 0o170000
    except (FileNotFoundError, NotADirectoryError):
        return None


def references_reach(store: Callable[[], Store], place_of: Callable[[str], str]) -> Reach:
    """Follows links to references of their objects only. `place_of` returns the path on disk of a base name.

    `store` is queried when a link first leads to another object.
    """
    known: dict[str, frozenset[str]] = {}

    def reach(base: str, holder: str | None) -> str | None:
        if holder is not None and base != holder:
            if holder not in known:
                references = store().info(StorePath.parse(holder)).references
                known[holder] = frozenset(reference.base for reference in references)
            if base not in known[holder]:
                return None
        return place_of(base)

    return reach
