"""What an evaluation looked at, as it is written into the lock: while that is the same, the same comes out.

The language is pure: a value depends on the text of the expression, on the files that it reads, on what is passed to
it, and on chx. So files are recorded by content, each in those *aspects* that were looked at:

    blake3:HEX [executable] [link]
                                the content of a file, or of the one that a link leads to
    names blake3:HEX            the names in a folder, and what kinds of things they are
    tree blake3:HEX             all that is in it
    file, directory, link TO, missing, other
                                what it is, and no more
    -> PLACE                    where it really is, links in its path followed

Places are relative to the folder of the lock. Objects of the store are left out: their names say what they are. So are
files that lie elsewhere, and with them the record: it would say nothing on another machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ..paths import PKGS
from ..signatures import home, signature

if TYPE_CHECKING:
    from ..world import FileWorld

Files = Mapping[str, tuple[str, ...]]

SELF: Final = "<chx>"
"""The name under which chx itself is recorded: its version, and the bundled set if that was looked at."""
MAX_FILES: Final = 500
"""Files that are recorded; with more of them a lock could not be read any more."""
_CHUNK: Final = 1 << 20


def record(world: FileWorld, folder: str) -> dict[str, tuple[str, ...]] | None:
    """What `world` was asked for, below `folder`; None if it cannot be recorded."""
    found: dict[str, tuple[str, ...]] = {}
    is_ours = False
    for native, aspects in world.looked.items():
        if is_within(native, os.path.join(home(), "store")):
            if not os.path.lexists(native):
                return None  # what is in a store is something else on another machine
            continue
        if any(is_within(native, place) for place in _our_places()):
            is_ours = True
            continue
        name = _relative(native, folder)
        if name is None or (native in world.seen and world.seen[native] != signature(native)):
            return None  # of another place, or changed while it was read
        texts = [_aspect(native, folder, aspect) for aspect in sorted(_telling(aspects))]
        if any(text is None for text in texts):
            return None
        found[name] = _without_kind(tuple(text for text in texts if text is not None))
    if len(found) > MAX_FILES:
        return None
    found[SELF] = (_ours(is_ours),)
    return found


def first_changed(files: Files, folder: str) -> str | None:
    """The first recorded file that is not as it was; None if all are."""
    for name, aspects in sorted(files.items()):
        if name == SELF:
            if aspects != (_ours(any(" tree " in aspect for aspect in aspects)),):
                return "chx itself"
        elif aspects != tuple(_aspect(_place(folder, name), folder, _kind_of(aspect)) for aspect in aspects):
            return name
    return None


def merged(one: Files, other: Files) -> dict[str, tuple[str, ...]]:
    """What two evaluations of the same files looked at, together."""
    found = dict(one)
    for name, aspects in other.items():
        together = {*found.get(name, ()), *aspects}
        # The longer one says more of chx itself; of a file, each aspect is there once.
        found[name] = (
            (max(together, key=len),) if name == SELF else _without_kind(tuple(sorted(together, key=_kind_of)))
        )
    return found


def places_of(files: Files, folder: str) -> Iterable[tuple[str, bool]]:
    """The places of the disk that `first_changed` looks at, and whether all that is in them counts."""
    for name, aspects in files.items():
        if name == SELF:
            if any(" tree " in aspect for aspect in aspects):
                yield from ((place, True) for place in _our_places())
        else:
            yield _place(folder, name), any(_kind_of(aspect) == "tree" for aspect in aspects)


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder or below it."""
    return path == folder or path.startswith(folder + "/")


def _place(folder: str, name: str) -> str:
    return folder if name == "." else f"{folder}/{name}"


def _relative(native: str, folder: str) -> str | None:
    if native == folder:
        return "."
    return native[len(folder) + 1 :] if native.startswith(folder + "/") else None


def _telling(aspects: set[str]) -> set[str]:
    """Without those that follow from others."""
    if "tree" in aspects:
        return aspects & {"tree", "real"}
    return aspects - {"kind"} if "names" in aspects else aspects


def _without_kind(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out `file` where a content says it."""
    return tuple(text for text in texts if text != "file") if len(texts) > 1 else texts


def _kind_of(text: str) -> str:
    """The aspect that a text is about."""
    word = text.partition(" ")[0]
    if word.startswith("blake3:"):
        return "content"
    return {"names": "names", "tree": "tree", "->": "real"}.get(word, "kind")


def _aspect(native: str, folder: str, aspect: str) -> str | None:
    """An aspect of a file as it is now; None for a place outside of the folder."""
    try:
        if aspect == "content":
            executable = " executable" if os.stat(native).st_mode & stat.S_IXUSR else ""
            link = " link" if os.path.islink(native) else ""
            return f"blake3:{_digest_of_file(native)}{executable}{link}"
        if aspect == "names":
            return f"names blake3:{_digest(_names(native))}"
        if aspect == "tree":
            return f"tree blake3:{_digest(_tree(native))}"
        if aspect == "real":
            name = _relative(os.path.realpath(native, strict=True), folder)
            return None if name is None else f"-> {name}"
    except (OSError, ValueError):  # a name that cannot be one, too
        return "missing"
    return _kind(native)


def _kind(native: str) -> str:
    try:
        mode = os.lstat(native).st_mode
        if stat.S_ISLNK(mode):
            return f"link {os.readlink(native)}"
    except (OSError, ValueError):
        return "missing"
    return "file" if stat.S_ISREG(mode) else "directory" if stat.S_ISDIR(mode) else "other"


def _names(folder: str) -> Iterable[bytes]:
    """Names in a folder, with the first word of what each is."""
    for name in sorted(os.listdir(folder)):
        kind = _kind(f"{folder}/{name}").partition(" ")[0]
        yield os.fsencode(f"{kind} {name}") + b"\0"


def _tree(place: str) -> Iterable[bytes]:
    """Everything in a tree, as the store sees it."""
    stack = [("", place)]
    while stack:
        name, native = stack.pop()
        kind = _kind(native)
        if kind == "directory":
            stack += [(f"{name}/{inner}", f"{native}/{inner}") for inner in sorted(os.listdir(native), reverse=True)]
        elif kind == "file":
            executable = "x" if os.stat(native).st_mode & stat.S_IXUSR else "-"
            kind = f"{executable} {_digest_of_file(native)}"
        yield os.fsencode(f"{name}\0{kind}") + b"\0"


def _digest(parts: Iterable[bytes]) -> str:
    from blake3 import blake3

    hasher = blake3()
    for part in parts:
        hasher.update(part)
    return str(hasher.hexdigest())


def _digest_of_file(native: str) -> str:
    with open(native, "rb") as file:
        return _digest(iter(lambda: file.read(_CHUNK), b""))


def _our_places() -> tuple[str, str]:
    """What of chx expressions read: the bundled set, and the profiles of architectures."""
    return PKGS, f"{PKGS.rpartition('/')[0]}/arch"


def _ours(with_set: bool) -> str:
    from ... import __version__

    if not with_set:
        return __version__
    return f"{__version__} tree blake3:{_digest(part for place in _our_places() for part in _profile(place))}"


def _profile(place: str) -> Iterable[bytes]:
    """Of a folder of chx what expressions can read; Python's own files come and go."""
    for name in sorted(os.listdir(place)):
        if name != "__pycache__" and not name.endswith((".py", ".pyc")):
            yield os.fsencode(name)
            yield from _tree(f"{place}/{name}")
