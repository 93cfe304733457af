"""The world of evaluation, made of real files, a store and a builder.

Everything that is looked at is remembered with its signature from before it was
read, which is what lets an equal command be answered without evaluating (see
`noop.py`).

Instantiating is computing names: texts and derivations are kept here until
something needs them in the store (`commit`), so that they are written in one
transaction, and not at all by a command that only evaluates.
"""

from __future__ import annotations

import _stat as stat  # what is built in of `stat`
import posix

from .paths import RealPaths, absolute, decoded, is_link, read_whole
from .signatures import Signature, home, signature
from .sources import byte_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..evaluator import ContextElement, FileKind
    from ..store import Derivation, Followed, Follower, Store, StorePath
    from .realise import Built, Targets
    from .reporter import Reporter

_SMALL = 1 << 20
_STORE_PREFIX = "/chx/store/"
_TOP = 4
"""Parts of the path of an object, of which the first is empty."""


def _decoded(path: str) -> str:
    return path if path.isascii() else decoded(path.encode("latin-1"))


def _kind(mode: int) -> FileKind:
    if stat.S_ISREG(mode):
        return "regular"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "unknown"


class FileWorld:
    """Implements the evaluator's `World`. Paths are byte strings, as there.

    `open_store` returns the store and `realise` builds in it; neither is called before an expression needs it.
    `reporter` receives what the expression prints with `trace` and `warn`.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        realise: Callable[[Targets], Built],
        reporter: Reporter,
        search_path: tuple[tuple[str, str], ...],
        bundled: tuple[tuple[str, str], ...] = (),
        pure: bool = True,
    ) -> None:
        machine = posix.uname()
        self.current_system = f"{machine.machine}-{machine.sysname.lower()}"
        self.seen: dict[str, Signature] = {}
        self.looked: dict[str, set[str]] = {}
        """What the expression itself has seen of each place: `kind`, `content`, `names`, `tree` or `real` (see `pins.evaluated`)."""
        self.awaited: dict[str, Callable[[], None]] = {}
        """What makes objects, by base name, that are not in the store before somebody looks at them."""
        self.silent = False
        """Whether traces and warnings were shown already: an evaluation is being repeated."""
        self._open_store = open_store
        self._realise = realise
        self._reporter = reporter
        self._search_path = [(prefix, byte_string(path)) for prefix, path in search_path]
        self._bundled = [(prefix, byte_string(path)) for prefix, path in bundled]
        self._added: dict[tuple[str, str], StorePath] = {}
        self._pending: dict[StorePath, tuple[bytes, tuple[StorePath, ...], bool]] = {}
        self._file_path: Callable[..., StorePath] | None = None
        self._real = RealPaths()
        self._follower: Follower | None = None
        self._pipes: dict[str, bytes] = {}
        self._pure = pure
        self._code = f"{home()}/cache/code"

    def _native(self, path: str, last: bool = False) -> str:
        """The path as the operating system knows it, its signature remembered.

        Below the store directory links are followed, with `last` one at the end too.
        """
        if path.startswith(_STORE_PREFIX):
            native = (self._target(path) if last else self._follow(_decoded(path), False)).place
        else:
            native = _decoded(path)
        if native not in self.seen:
            self.seen[native] = signature(native)
        return native

    def _follow(self, native: str, last: bool) -> Followed:
        """Follow links as builds see them; raises `FileUnavailable` for one that must not be followed."""
        from ..store.following import BadLink, EndlessLinks

        if self._follower is None:
            self._follower = self._new_follower()
        try:
            found = self._follower.follow(native, last)
        except BadLink as error:
            from ..evaluator.errors import FileUnavailable

            message = f"access to absolute path '{error.target}' is forbidden in pure evaluation mode"
            if isinstance(error, EndlessLinks):
                message = error.message
            raise FileUnavailable(message, hint=error.hint) from error
        for link in found.links:
            self.see(link)
            self._look(link, "kind")
        return found

    def _target(self, path: str) -> Followed:
        """What a path leads to when all links are followed; raises `FileUnavailable` if that is not there."""
        found = self._follow(_decoded(path), True)
        if found.links and signature(found.place) is None:
            from ..evaluator.errors import FileUnavailable

            hint = f"that is where '{_decoded(path)}' leads by its links"
            raise FileUnavailable(f"path '{found.path}' does not exist", hint=hint)
        return found

    def _new_follower(self) -> Follower:
        from os.path import realpath

        from ..store.following import Follower, references_reach

        def place_of(base: str) -> str:
            return decoded(self.physical(_STORE_PREFIX + byte_string(base)).encode("latin-1"))

        directory = realpath(f"{home()}/store")
        if not self._pure:
            return Follower(lambda base, _: place_of(base), directory, confined=False)
        return Follower(references_reach(self._open_store, place_of), directory)

    def _through_store(self, native: str, last: bool) -> str | None:
        """Where a path of the machine leads that the operating system finds nothing at; None if to nothing in the store."""
        if self._real.is_real(native.rpartition("/")[0] or "/") and not (last and is_link(native)):
            return None
        found = self._follow(native, last)
        if not found.path.startswith(_STORE_PREFIX):
            return None
        self.see(found.place)
        return found.place

    def _look(self, native: str, aspect: str) -> None:
        found = self.looked.get(native)
        if found is None:
            self.looked[native] = {aspect}
        else:
            found.add(aspect)

    def see(self, native: str) -> None:
        """Remember a place of the disk, whether there is something or not, before it is read."""
        if native not in self.seen:
            self.seen[native] = signature(native)

    def see_tree(self, native: str) -> None:
        """Remember a tree of the disk and all that is in it."""
        self.see(native)
        self._remember_tree(native)

    def read_file(self, path: str) -> bytes:
        native = self._native(path, True)
        self._look(native, "content")
        if path.startswith(_STORE_PREFIX):
            return self._read(native)
        target = self._real.of(native, False)
        if target != native and target not in self.seen:
            self.seen[target] = signature(target)
        try:
            return self._read(native)
        except FileNotFoundError:
            through = self._through_store(native, True)
            if through is None:
                raise
            return self._read(through)

    def _read(self, native: str) -> bytes:
        if native in self._pipes:
            return self._pipes[native]
        data, regular = read_whole(native)
        if not regular:
            # It may be evaluated a second time, to be printed, but not read again.
            self._pipes[native] = data
        return data

    def read_dir(self, path: str) -> Mapping[str, FileKind]:
        native = self._native(path, True)
        self._look(native, "names")
        try:
            return self._names(native)
        except FileNotFoundError:
            through = None if path.startswith(_STORE_PREFIX) else self._through_store(native, True)
            if through is None:
                raise
            return self._names(through)

    def _names(self, native: str) -> Mapping[str, FileKind]:
        with posix.scandir(native) as entries:
            return {byte_string(entry.name): _kind(entry.stat(follow_symlinks=False).st_mode) for entry in entries}

    def file_type(self, path: str) -> FileKind | None:
        is_in_store = path.startswith(_STORE_PREFIX)
        if path not in self.seen and path.isascii() and not is_in_store:
            found = self.seen[path] = signature(path)
            if found is not None:
                self._look(path, "kind")
                return _kind(found[3])
        native = self._native(path)
        self._look(native, "kind")
        try:
            return _kind(posix.lstat(native).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            through = None if is_in_store else self._through_store(native, False)
            try:
                return None if through is None else _kind(posix.lstat(through).st_mode)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def link_target(self, path: str) -> str:
        native = self._native(path)
        self._look(native, "real")
        target = byte_string(posix.readlink(native))
        if path.startswith(_STORE_PREFIX):
            # Refused here if it leads where it must not: a path made of this one and the target would not tell where it comes from.
            found = self._follow(_decoded(path), True)
            if not target.startswith("/"):
                top = "/".join(path.split("/")[:_TOP])
                if not absolute(f"{path.rpartition('/')[0]}/{target}").startswith(top + "/"):
                    return byte_string(found.path)
        return target

    def resolve(self, path: str) -> str:
        native = self._native(path)
        if not path.startswith(_STORE_PREFIX):
            try:
                target = self._real.of(native, True)
            except FileNotFoundError:
                if self._through_store(native, True) is None:
                    raise
            else:
                if target == native:
                    return path
                self._look(native, "real")
                directory = self._real.of(f"{home()}/store", False) + "/"
                if target.startswith(directory):
                    target = _STORE_PREFIX + target[len(directory) :]
                return byte_string(target)
        found = self._target(path)
        posix.lstat(found.place)
        return byte_string(found.path)

    def add_path(
        self,
        path: str,
        name: str,
        filter: Callable[[str, FileKind], bool] | None,
        recursive: bool,
        expected: tuple[str, bytes] | None,
    ) -> StorePath:
        key = (path, name)
        if filter is None and expected is None and key in self._added:
            return self._added[key]
        native = self._native(path)
        if filter is None:
            self._look(native, "tree")
        if filter is None and expected is None:
            content = self._small_file(native)
            if content is not None:
                self._added[key] = found = self._add(name, *content)
                return found
        store = self._open_store()
        if filter is None:
            self._remember_tree(native)
            added = store.add_tree(native, name)
        else:
            folder = store.temporary("filter")
            copy = f"{folder}/tree"
            self._copy_filtered(path, native, copy, filter)
            added = store.add_tree(copy, name, consume=True)
            posix.rmdir(folder)
        if expected is not None:
            self._check_content(store.physical(added), path, recursive, expected)
        if filter is None and expected is None:
            self._added[key] = added
        return added

    def _small_file(self, native: str) -> tuple[bytes, tuple[StorePath, ...], bool] | None:
        """Content and kind of an ordinary file that can wait in memory; None for anything else."""
        found = posix.lstat(native)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & (stat.S_ISUID | stat.S_ISGID) or found.st_size > _SMALL:
            return None
        with open(native, "rb") as file:
            return file.read(), (), bool(found.st_mode & stat.S_IXUSR)

    def _remember_tree(self, native: str) -> None:
        import os

        for base, folders, files in os.walk(native):
            for name in (*folders, *files):
                path = f"{base}/{name}"
                self.seen.setdefault(path, signature(path))

    def _copy_filtered(self, path: str, native: str, copy: str, keep: Callable[[str, FileKind], bool]) -> None:
        import shutil

        self._look(native, "kind")
        found = posix.lstat(native)
        if stat.S_ISLNK(found.st_mode):
            posix.symlink(posix.readlink(native), copy)
        elif stat.S_ISDIR(found.st_mode):
            posix.mkdir(copy)
            for name, kind in sorted(self.read_dir(path).items()):
                inner = f"{path}/{name}"
                if keep(inner, kind):
                    base = decoded(name.encode("latin-1"))
                    self._copy_filtered(inner, self._native(inner), f"{copy}/{base}", keep)
        else:
            self._look(native, "content")
            shutil.copyfile(native, copy)
            posix.chmod(copy, 0o755 if found.st_mode & stat.S_IXUSR else 0o644)

    def _check_content(self, physical: str, path: str, recursive: bool, expected: tuple[str, bytes]) -> None:
        from ..builder import hash_content, sri
        from .errors import RequestError

        algorithm, digest = expected
        got = hash_content(physical, algorithm, "recursive" if recursive else "flat")
        if got != digest:
            raise RequestError(
                f"store path mismatch in (possibly filtered) path added from '{path}'",
                hint=f"its hash is {sri(algorithm, got)}, but {sri(algorithm, digest)} was specified",
            )

    def add_text(self, name: str, content: bytes, references: Iterable[StorePath]) -> StorePath:
        return self._add(name, content, tuple(references), False)

    def _add(self, name: str, content: bytes, references: tuple[StorePath, ...], executable: bool) -> StorePath:
        if self._file_path is None:
            from ..store.address import file_path

            self._file_path = file_path
        path = self._file_path(content, name, references, executable=executable)
        self._pending[path] = (content, references, executable)
        return path

    def write_derivation(self, derivation: Derivation) -> StorePath:
        references = (*derivation.input_srcs, *derivation.input_drvs)
        return self._add(f"{derivation.name}.drv", derivation.to_json(), references, False)

    def commit(self) -> None:
        """Write what was instantiated so far into the store."""
        if not self._pending:
            return
        store = self._open_store()
        with store.transaction():
            # In the order of instantiation, in which references come first.
            for path, (content, references, executable) in self._pending.items():
                store.add_bytes(content, path.name, references, executable)
        self._pending.clear()

    def realise(self, context: Iterable[ContextElement]) -> Mapping[str, str]:
        from ..store import StorePath, upstream_placeholder

        wanted: dict[StorePath, set[str]] = {}
        for element in context:
            if element[0] == "output":
                wanted.setdefault(StorePath.parse(element[1]), set()).add(element[2])
        if not wanted:
            return {}
        self.commit()
        targets = [(derivation, tuple(sorted(outputs))) for derivation, outputs in wanted.items()]
        built = self._realise(targets)
        return {upstream_placeholder(drv, output): str(path) for (drv, output), path in built.items()}

    def physical(self, path: str) -> str:
        if path.startswith(_STORE_PREFIX):
            if self.awaited:
                make = self.awaited.pop(path[len(_STORE_PREFIX) :].partition("/")[0], None)
                if make is not None:
                    make()
            self.commit()
            directory = byte_string(self._open_store().directory)
            return f"{directory}/{path[len(_STORE_PREFIX) :]}"
        return path

    def allowed(self, path: str) -> bool:
        return True

    def search_path(self) -> list[tuple[str, str]]:
        return self._search_path

    def bundled(self) -> list[tuple[str, str]]:
        return self._bundled

    def env(self, name: str) -> str:
        if self._pure:
            return ""
        return posix.environ.get(name.encode("latin-1"), b"").decode("latin-1")

    def trace(self, message: str) -> None:
        self._print("trace: ", message)

    def warn(self, message: str) -> None:
        self._print("evaluation warning: ", message)

    def _print(self, prefix: str, message: str) -> None:
        if not self.silent:
            self._reporter.traced(prefix + message.encode("latin-1").decode("utf-8", "surrogateescape"))

    def load_code(self, key: str) -> bytes | None:
        try:
            return read_whole(f"{self._code}/{key}")[0]
        except OSError:
            return None

    def save_code(self, key: str, data: bytes) -> None:
        import os

        path = f"{self._code}/{key}"
        temporary = f"{path}.{os.getpid()}"
        try:
            os.makedirs(self._code, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError:
            # A cache that cannot be written costs time and nothing else.
            return
