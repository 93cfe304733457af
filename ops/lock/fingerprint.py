"""Fingerprints of evaluations: the files that an evaluation read, recorded in the lock.

The language is pure: a value depends on the text of the expression, on the files that it reads, on its arguments, and
on chx. While the recorded files are unchanged, so is the value. Each file is recorded in the *aspects* that were read:

    blake3:HEX [executable] [link]
                                the content of a file, or of the target of a link
    names blake3:HEX            the names in a directory, with their kinds
    tree blake3:HEX             the whole tree
    file, directory, link TO, missing, other
                                only its kind
    -> PATH                     its real path, with links followed

Paths are relative to the directory of the lock. Objects of the store are left out, since their names determine their
content. If an evaluation reads files elsewhere, nothing is recorded: the record would mean nothing on another machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from ...signatures import home, signature
from ..paths import PKGS

if TYPE_CHECKING:
    from ..world import FileWorld

Files = Mapping[str, tuple[str, ...]]

SELF: Final = "<chx>"
"""The name under which chx itself is recorded: its version, and the bundled set if it was read."""
CHX: Final = "chx itself"
"""How reports of changed files name chx."""
MAX_FILES: Final = 500
"""Limit of recorded files, to keep locks readable."""
_CHUNK: Final = 1 << 20


def record(world: FileWorld, folder: str) -> dict[str, tuple[str, ...]] | None:
    """Return the fingerprint of what `world` read below the directory `folder`; None if it cannot be recorded."""
    found: dict[str, tuple[str, ...]] = {}
    reads_chx = False
    for native, aspects in world.looked.items():
        if is_within(native, os.path.join(home(), "store")):
            if not os.path.lexists(native):
                return None  # whether an object is in the store differs between machines
            continue
        if any(is_within(native, place) for place in _chx_directories()):
            reads_chx = True
            continue
        name = _relative(native, folder)
        if name is None or (native in world.seen and world.seen[native] != signature(native)):
            return None  # outside of the directory, or changed during the evaluation
        texts = [_aspect(native, folder, aspect) for aspect in sorted(_independent(aspects))]
        if any(text is None for text in texts):
            return None
        found[name] = _without_kind(tuple(text for text in texts if text is not None))
    if len(found) > MAX_FILES:
        return None
    found[SELF] = (_chx_aspect(reads_chx),)
    return found


def first_changed(files: Files, folder: str) -> str | None:
    """Return the first recorded file that has changed; None if none has."""
    return next(changed(files, folder), None)


def changed(files: Files, folder: str) -> Iterator[str]:
    """Yield the recorded files that have changed; `CHX` for chx."""
    for name, aspects in sorted(files.items()):
        if name == SELF:
            if aspects != (_chx_aspect(any(" tree " in aspect for aspect in aspects)),):
                yield CHX
        elif aspects != tuple(_aspect(_place(folder, name), folder, _kind_of(aspect)) for aspect in aspects):
            yield name


def merged(one: Files, other: Files) -> dict[str, tuple[str, ...]]:
    """Merge the fingerprints of two evaluations of the same files."""
    found = dict(one)
    for name, aspects in other.items():
        together = {*found.get(name, ()), *aspects}
        # Of two records of chx the longer one includes the bundled set. A file has each aspect once.
        found[name] = (
            (max(together, key=len),) if name == SELF else _without_kind(tuple(sorted(together, key=_kind_of)))
        )
    return found


def places_of(files: Files, folder: str) -> Iterable[tuple[str, bool]]:
    """Yield the paths that `first_changed` reads, and whether it reads the whole tree below each."""
    for name, aspects in files.items():
        if name == SELF:
            if any(" tree " in aspect for aspect in aspects):
                yield from ((place, True) for place in _chx_directories())
        else:
            yield _place(folder, name), any(_kind_of(aspect) == "tree" for aspect in aspects)


def is_within(path: str, folder: str) -> bool:
    """Return whether a path is a directory or below it."""
    return path == folder or path.startswith(folder + "/")


def _place(folder: str, name: str) -> str:
    return folder if name == "." else f"{folder}/{name}"


def _relative(native: str, folder: str) -> str | None:
    if native == folder:
        return "."
    return native[len(folder) + 1 :] if native.startswith(folder + "/") else None


def _independent(aspects: set[str]) -> set[str]:
    """Leave out aspects that follow from others."""
    if "tree" in aspects:
        return aspects & {"tree", "real"}
    return aspects - {"kind"} if "names" in aspects else aspects


def _without_kind(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out `file` where the content implies it."""
    return tuple(text for text in texts if text != "file") if len(texts) > 1 else texts


def _kind_of(text: str) -> str:
    """Return the aspect that a recorded text describes."""
    word = text.partition(" ")[0]
    if word.startswith("blake3:"):
        return "content"
    return {"names": "names", "tree": "tree", "->": "real"}.get(word, "kind")


def _aspect(native: str, folder: str, aspect: str) -> str | None:
    """Return an aspect of a file as it is now; None for a real path outside of the directory."""
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
    except (OSError, ValueError):  # ValueError: a name with a null byte
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
    """Yield the names in a directory, each with its kind."""
    for name in sorted(os.listdir(folder)):
        kind = _kind(f"{folder}/{name}").partition(" ")[0]
        yield os.fsencode(f"{kind} {name}") + b"\0"


def _tree(place: str) -> Iterable[bytes]:
    """Yield everything in a tree that the store records of it."""
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


def _chx_directories() -> tuple[str, str]:
    """Return the directories of chx that expressions read: the bundled set, and the profiles of architectures."""
    return PKGS, f"{PKGS.rpartition('/')[0]}/arch"


def _chx_aspect(with_set: bool) -> str:
    from ... import __version__

    if not with_set:
        return __version__
    return f"{__version__} tree blake3:{_digest(part for place in _chx_directories() for part in _profile(place))}"


def _profile(place: str) -> Iterable[bytes]:
    """Yield what expressions can read in a directory of chx, without Python's files."""
    for name in sorted(os.listdir(place)):
        if name != "__pycache__" and not name.endswith((".py", ".pyc")):
            yield os.fsencode(name)
            yield from _tree(f"{place}/{name}")
