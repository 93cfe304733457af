"""From the result of an action to outputs in their places.

A server's word is checked: each Directory must be in canonical form, with names that are names; each blob must be its
digest. Files are created anew below a private folder. What becomes of them is the store's affair: no digest of a server
becomes one of the store.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..builder.elsewhere import StoreRefused
from ..store.checkpoint import checkpoint
from ..store.errors import MOST_LEVELS, TooDeep
from .digests import Digest, digest_of
from .errors import FalseBlob
from .wire import encode, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .cas import Cas
    from .digests import Function

MOST_TREE: Final = 256 << 20
"""Bytes of a message with a whole tree."""
_MOST_ENTRIES: Final = 4_000_000
_MOST_PATHS: Final = 512 << 20
"""Bytes of all paths of a tree together."""
_LONGEST_PATH: Final = 3500
"""Bytes of a path of a tree; the path of the directory with the outputs comes before it."""
_MOST_REPORT: Final = 1 << 20
_MOST_LOG: Final = 1 << 30


class File(NamedTuple):
    """A file of a tree."""

    digest: Digest
    is_executable: bool


class Contents(NamedTuple):
    """A checked tree: directories in an order in which parents come first, files and targets of links by path."""

    folders: tuple[bytes, ...]
    files: Mapping[bytes, File]
    links: Mapping[bytes, bytes]

    @property
    def size(self) -> int:
        """Bytes in files."""
        return sum(file.digest.size for file in self.files.values())


class Report(NamedTuple):
    """What the launcher reports.

    `refused`: what bubblewrap said if it made no sandbox. `proc`: "new" or "shared". `kernel`: its release. `ended`: the limit that ended it.
    `bad` are pairs of kind and path of files that no store holds.
    """

    refused: str | None = None
    proc: str = ""
    has_started: bool = False
    ended: str = ""
    status: int = 0
    bad: tuple[tuple[str, str], ...] = ()
    kernel: str = ""


def parse_report(data: bytes) -> Report:
    """Parse a report. Raises `ValueError`."""
    fields = data.split(b"\0")
    if fields[-1:] != [b""] or len(fields) % 2 == 0 or fields[:2] != [b"chx report", b"1"]:
        raise ValueError("it is no report of this version")
    texts = [field.decode("utf-8", "surrogateescape") for field in fields[:-1]]
    found: dict[str, str] = {}
    bad: list[tuple[str, str]] = []
    for key, value in zip(texts[::2], texts[1::2]):
        if key == "bad":
            kind, _, path = value.partition(" store/")
            bad.append((kind, path))
        else:
            found[key] = value
    return Report(
        found.get("refused"),
        found.get("proc", ""),
        found.get("started") == "1",
        found.get("ended", ""),
        int(found.get("status", "0")),
        tuple(bad),
        found.get("kernel", ""),
    )


def check_directory(endpoint: str, message: Any, data: bytes) -> None:
    """Raise `FalseBlob` unless `message`, whose encoding is `data`, is a Directory in canonical form."""

    def refuse(reason: str) -> FalseBlob:
        return FalseBlob(endpoint, "a Directory", reason)

    names: list[bytes] = []
    for nodes in (message.files, message.directories, message.symlinks):
        listed = [node.name for node in nodes]
        if listed != sorted(set(listed)):
            raise refuse("its entries are not sorted, or one is there twice")
        names += listed
    for name in names:
        if name in (b"", b".", b"..") or b"/" in name or b"\0" in name or len(name) > 255:
            raise refuse(f"{name[:80]!r} is no name in it")
    if len(set(names)) != len(names):
        raise refuse("a name is there twice")
    for link in message.symlinks:
        if not link.target or b"\0" in link.target or len(link.target) >= 4096:
            raise refuse(f"the link {link.name[:80]!r} has no possible target")
    for node in (*message.files, *message.directories):
        _check_digest(endpoint, node.digest)
    message.DiscardUnknownFields()
    if encode(message) != data:
        raise refuse("it is not in canonical form")


def _check_digest(endpoint: str, digest: Any) -> None:
    text = digest.hash
    if len(text) != 64 or any(digit not in "0123456789abcdef" for digit in text) or digest.size_bytes < 0:
        raise FalseBlob(endpoint, "a digest", f"{text[:80]!r} with {digest.size_bytes} bytes is none")


def _directory(endpoint: str, data: bytes) -> Any:
    """Parse and check a Directory. Raises `FalseBlob`."""
    try:
        message = parse("Directory", data)
    except ValueError as error:
        raise FalseBlob(endpoint, "a Directory", str(error)) from None
    check_directory(endpoint, message, data)
    return message


def read_tree(endpoint: str, data: bytes, function: Function) -> Contents:
    """Check and read a `Tree` message. Raises `FalseBlob`, and `StoreRefused` for one that no store holds."""
    try:
        tree = parse("Tree", data)
    except ValueError as error:
        raise FalseBlob(endpoint, "a Tree", str(error)) from None
    known = {function.of(child): _directory(endpoint, child) for child in tree.children}
    folders: list[bytes] = []
    files: dict[bytes, File] = {}
    links: dict[bytes, bytes] = {}
    entries = paths = 0
    todo: list[tuple[bytes, Any]] = [(b"", _directory(endpoint, tree.root))]
    while todo:
        checkpoint()
        prefix, directory = todo.pop()
        if prefix.count(b"/") > MOST_LEVELS or len(prefix) > _LONGEST_PATH:
            # What a build can make here as well: no lie of the server.
            raise StoreRefused(TooDeep(os.fsdecode(prefix)))
        count = len(directory.files) + len(directory.directories) + len(directory.symlinks)
        entries += count
        paths += count * len(prefix)
        if entries > _MOST_ENTRIES or paths > _MOST_PATHS:
            # Equal directories travel once: a short message can be a tree without bounds.
            raise FalseBlob(endpoint, "a Tree", "it is larger than any output")
        for node in directory.files:
            files[prefix + node.name] = File(digest_of(node.digest), node.is_executable)
        for node in directory.symlinks:
            links[prefix + node.name] = node.target
        for node in directory.directories:
            child = known.get(digest_of(node.digest))
            if child is None:
                raise FalseBlob(endpoint, "a Tree", f"the directory {node.name[:80]!r} is not in it")
            folders.append(prefix + node.name)
            todo.append((prefix + node.name + b"/", child))
    return Contents(tuple(folders), files, links)


def place(contents: Contents, names: frozenset[bytes], folder: str, cas: Cas) -> None:
    """Write the entries of `contents` below the names `names` to the new directory `folder`.

    Equal files are read once. Raises `FalseBlob`, and as `Cas.fetch` does.
    """
    os.mkdir(folder, 0o755)
    top = os.fsencode(folder)

    def is_wanted(path: bytes) -> bool:
        return path.partition(b"/")[0] in names

    for path in contents.folders:
        if is_wanted(path):
            os.mkdir(top + b"/" + path, 0o755)
    for path, target in contents.links.items():
        if is_wanted(path):
            os.symlink(target, top + b"/" + path)
    first: dict[Digest, bytes] = {}
    others: list[tuple[bytes, bytes]] = []
    for path, file in contents.files.items():
        if is_wanted(path):
            there = first.setdefault(file.digest, path)
            if there != path:
                others.append((there, path))
    cas.fetch({digest: os.fsdecode(top + b"/" + path) for digest, path in first.items()})
    for there, path in others:
        checkpoint()
        descriptor = os.open(top + b"/" + path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(top + b"/" + there, "rb") as source, open(descriptor, "wb") as target_file:
            shutil.copyfileobj(source, target_file, 1 << 20)
    for path, file in contents.files.items():
        if is_wanted(path):
            os.chmod(top + b"/" + path, 0o755 if file.is_executable else 0o644)


class Results(NamedTuple):
    """The parts of a result: the log, the report if there is one, the Tree message of the outputs."""

    log: bytes
    report: Report | None
    tree: bytes | None
    worker: str


def read_result(endpoint: str, result: Any, cas: Cas, function: Function) -> Results:
    """Read log and report of an `ActionResult`. Raises `FalseBlob`, and as `Cas.read` does."""
    trees: dict[bytes, Digest] = {}
    for directory in result.output_directories:
        _check_digest(endpoint, directory.tree_digest)
        trees[directory.path.strip(b"/")] = digest_of(directory.tree_digest)
    report = None
    messages = cas.read_all([trees[name] for name in (b"report", b"store") if name in trees], MOST_TREE)
    if b"report" in trees:
        contents = read_tree(endpoint, messages[trees[b"report"]], function)
        file = contents.files.get(b"report")
        if file is not None:
            try:
                report = parse_report(cas.read_all([file.digest], _MOST_REPORT)[file.digest])
            except ValueError as error:
                raise FalseBlob(endpoint, "a report", str(error)) from None
    log = result.stdout_raw
    if not log and result.HasField("stdout_digest") and result.stdout_digest.size_bytes:
        _check_digest(endpoint, result.stdout_digest)
        log = cas.read(digest_of(result.stdout_digest), _MOST_LOG)
    tree = messages[trees[b"store"]] if b"store" in trees else None
    return Results(log, report, tree, result.execution_metadata.worker)
