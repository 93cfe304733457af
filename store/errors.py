"""Errors of a store.

Each class has the values of its message as fields.
"""

from __future__ import annotations

MOST_LEVELS = 900
"""Limit of directory levels in a store object, so that walking one may recurse."""
DEEPEST = f"a store object has at most {MOST_LEVELS} levels of directories, and paths of at most 4096 bytes"
_LONGEST = 400
REPAIR = "`chx store verify --repair` repairs it"


class StoreError(Exception):
    """Base of all store errors: a sentence, a stable code and what to try."""

    labels = ()
    frames = ()
    details = ()
    is_full = False
    """Whether there is no room left on the file system."""

    def __init__(self, message: str, hint: str | None = None, code: str = "S000") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return self.message


class NotValid(StoreError):
    """A store path that names no registered object."""

    def __init__(self, path: object) -> None:
        super().__init__(f"'{path}' is not a valid store path: no such object is registered", code="S001")
        self.path = path


class StoreIO(StoreError):
    """The operating system refused something; nothing was registered."""

    def __init__(self, act: str, path: str, error: OSError) -> None:
        super().__init__(f"cannot {act} '{_short(path)}': {error.strerror or error}", hint=_hint(error), code="S002")
        self.path = path
        self.errno = error.errno
        self.is_full = _is_full(error)


class DatabaseFailure(StoreError):
    """SQLite refused something; the transaction was rolled back."""

    def __init__(self, path: str, reason: str, hint: str | None = None, *, is_full: bool = False) -> None:
        super().__init__(f"store database '{path}': {reason}", hint=hint, code="S003")
        self.path = path
        self.reason = reason
        self.is_full = is_full


class DamagedDatabase(DatabaseFailure):
    """The file is not a database, or some of its pages are damaged."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            path,
            f"the file is damaged ({reason})",
            "`chx store verify --repair` rebuilds it from the objects on the disk and the readable rows",
        )


class DamagedRow(StoreError):
    """A damaged row of the database; `reason` is a part of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a row of the database {reason}", hint=REPAIR, code="S006")
        self.reason = reason


class InvalidHome(StoreError):
    """A directory cannot be the home of a store."""

    def __init__(self, home: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"cannot keep a store in '{home}': {reason}", hint=hint, code="S004")
        self.home = home


class ReadOnlyHome(StoreError):
    """An attempt to change a read-only store."""

    def __init__(self, home: str) -> None:
        super().__init__(
            f"the store in '{home}' can only be read: nothing in it can be added, changed or removed",
            hint="make CHX_HOME writable, or set it to another directory",
            code="S008",
        )
        self.home = home


class MissingFolder(StoreError):
    """A directory is missing without which the database of a home is wrong."""

    def __init__(self, folder: str, what: str) -> None:
        super().__init__(
            f"'{folder}' is missing, and with it {what}: nothing is done",
            hint="put it back; if it is lost, `chx store verify --repair` makes it, and again what can be made again",
            code="S009",
        )
        self.folder = folder


class InvalidManifest(StoreError):
    """A text that is not a manifest in canonical form."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a manifest: {reason}", code="S030")


class UnsupportedFile(StoreError):
    """A file cannot be in a store object: device, socket, setuid file..."""

    def __init__(
        self,
        path: str,
        kind: str,
        hint: str | None = "only directories, ordinary files and symbolic links can be stored",
    ) -> None:
        super().__init__(f"'{_short(path)}' is {kind}, which a store object cannot hold", hint=hint, code="S031")
        self.path = path
        self.kind = kind


class PartialScratch(StoreError):
    """An output contains part of a scratch path, which cannot be rewritten."""

    def __init__(self, output: str, file: str, offset: int) -> None:
        super().__init__(
            f"output '{output}': '{file}' holds a piece of a scratch path at byte {offset}",
            hint="the path was cut up, perhaps by a compiler that folded the string into instructions; "
            "keep it whole, for instance in a volatile variable or a file of its own",
            code="S032",
        )
        self.output = output
        self.file = file
        self.offset = offset


class OutputCycle(StoreError):
    """Outputs of one derivation refer to each other in a cycle."""

    def __init__(self, outputs: tuple[str, ...], files: tuple[str, ...]) -> None:
        ring = " -> ".join((*outputs, outputs[0]))
        super().__init__(
            f"outputs refer to each other in a cycle: {ring} (in {', '.join(files)})",
            hint="move the named files so that the references go one way only, or make one output of them",
            code="S033",
        )
        self.outputs = outputs
        self.files = files


class ForeignScratch(StoreError):
    """An output contains the constant that marks self-references literally."""

    def __init__(self, output: str, file: str) -> None:
        super().__init__(
            f"output '{output}': '{file}' holds the scratch path of an output 'out' that the derivation does not have",
            hint="give the output that is meant the name 'out', or keep the text out of it",
            code="S034",
        )
        self.output = output
        self.file = file


class TooDeep(UnsupportedFile):
    """A tree has too many levels to be walked."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "a tree nested more deeply than can be walked", DEEPEST)


def _short(path: str) -> str:
    """Return a path for messages: on one line, with a very long one shortened in the middle."""
    if not path.isprintable():
        # The printer handles surrogates, which stand for bytes that are not UTF-8.
        path = "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else repr(c)[1:-1] for c in path)
    return path if len(path) <= _LONGEST else f"{path[: _LONGEST // 2]}...{path[-_LONGEST // 4 :]}"


def _is_full(error: OSError) -> bool:
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _hint(error: OSError) -> str | None:
    import errno

    if _is_full(error):
        return "make room on the file system of CHX_HOME, or move CHX_HOME elsewhere"
    if error.errno == errno.EXDEV:
        return "the tree has to lie on the same file system as CHX_HOME"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "the files have to belong to, or be readable by, the user who runs chx"
    if error.errno == errno.ENAMETOOLONG:
        return DEEPEST
    if error.errno == errno.EROFS:
        return "the file system is mounted read-only"
    return None
