"""The world of evaluation: real files, a store and a builder.

The world records the signature of every file before it reads it. With these
signatures, a repeated command is answered without evaluating (see
`cli/startup/result_cache.py`).

Instantiation only computes names. The world keeps texts and derivations in
memory until something needs them in the store (`commit`). So one transaction
writes them all, and a command that only evaluates writes none.
"""

from __future__ import annotations

import _stat as stat  # the built-in part of `stat`
import posix
from errno import EISDIR

from ..signatures import Signature, home, signature
from .paths import RealPaths, absolute, decoded, is_link, read_whole
from .sources import byte_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..builder import BuildOptions
    from ..evaluator import ContextElement, FileKind
    from ..evaluator.inputs import FetchedTree, Source
    from ..store import Derivation, Followed, Follower, Store, StorePath
    from .fetched import TreeFetcher
    from .realise import Built, Targets
    from .reporter import Reporter

_SMALL = 1 << 20
_STORE_PREFIX = "/chx/store/"
_STORE_DIRECTORY = "/chx/store"
_TOP = 4
"""Number of parts of an object's path, including the empty one before the first slash."""


def _decoded(path: str) -> str:
    return path if path.isascii() else decoded(path.encode("latin-1"))


def _kind(mode: int) -> FileKind:
    if stat.S_ISREG(mode):
        return "regular"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "unknown"


def _missing(native: str) -> Exception:
    """Return the error for a file that is missing: it names the path that its links lead to, as Nix does."""
    from os.path import realpath

    from ..evaluator.errors import FileUnavailable

    target = realpath(native)
    hint = f"that is where '{native}' leads by its links" if target != native else None
    return FileUnavailable(f"path '{target}' does not exist", hint=hint)


def machine_system() -> str:
    """Return the system of this machine, for example x86_64-linux."""
    machine = posix.uname()
    return f"{machine.machine}-{machine.sysname.lower()}"


class FileWorld:
    """Implements the evaluator's `World`. Paths are byte strings.

    `open_store` returns the store and `realise` builds in it; each is called when an expression first needs it.
    `reporter` receives the output of `trace` and `warn`. `system` is `builtins.currentSystem`, by default this machine's.
    `input_options` are for what is fetched from other hosts.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        realise: Callable[[Targets], Built],
        reporter: Reporter,
        search_path: tuple[tuple[str, str], ...],
        bundled: tuple[tuple[str, str], ...] = (),
        pure: bool = True,
        system: str | None = None,
        input_options: Callable[[], BuildOptions] | None = None,
    ) -> None:
        self.current_system = system or machine_system()
        self.seen: dict[str, Signature] = {}
        self.looked: dict[str, set[str]] = {}
        """Aspects of paths that the expression read: `kind`, `content`, `names`, `tree`, `real` (see `fingerprint`)."""
        self.awaited: dict[str, Callable[[], None]] = {}
        """Functions that fetch missing objects on first access, by base name."""
        self.silent = False
        """Suppresses traces and warnings, because this evaluation repeats another."""
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
        self._fetcher: TreeFetcher | None = None
        self._fetched: dict[tuple[Source, str], FetchedTree] = {}
        self._input_options = input_options
        self._pipes: dict[str, bytes] = {}
        self._pure = pure
        self._code = f"{home()}/cache/code"

    def _native(self, path: str, last: bool = False) -> str:
        """Convert a path to that of the operating system, and record its signature.

        Follows links below the store directory; with `last`, also one at the end.
        """
        if path.startswith(_STORE_PREFIX):
            native = (self._target(path) if last else self._follow(_decoded(path), False)).place
        elif path == _STORE_DIRECTORY:
            native = f"{home()}/store"
        else:
            native = _decoded(path)
        if native not in self.seen:
            self.seen[native] = signature(native)
        return native

    def _follow(self, native: str, last: bool) -> Followed:
        """Follow links as builds see them. Raises `FileUnavailable` for a forbidden link."""
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
        """Follow all links of a path. Raises `FileUnavailable` if the target does not exist."""
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
        """Follow the links of a path that does not exist for the system into the store; None if they lead elsewhere."""
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
        """Record the signature of a path, existing or not, before it is read."""
        if native not in self.seen:
            self.seen[native] = signature(native)

    def see_tree(self, native: str) -> None:
        """Record the signatures of a tree and all its files."""
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
                raise _missing(native) from None
            return self._read(through)

    def _read(self, native: str) -> bytes:
        if native in self._pipes:
            return self._pipes[native]
        data, regular = read_whole(native)
        if not regular:
            # A second evaluation, for printing, cannot read a pipe again.
            self._pipes[native] = data
        return data

    def read_dir(self, path: str) -> Mapping[str, FileKind]:
        if path == _STORE_DIRECTORY:
            self.commit()
        native = self._native(path, True)
        self._look(native, "names")
        try:
            return self._names(native)
        except FileNotFoundError:
            if path == _STORE_DIRECTORY:
                return {}
            through = None if path.startswith(_STORE_PREFIX) else self._through_store(native, True)
            if through is None:
                raise _missing(native) from None
            return self._names(through)
        except NotADirectoryError as error:
            error.filename = self._real.of(native, False)
            raise

    def _names(self, native: str) -> Mapping[str, FileKind]:
        with posix.scandir(native) as entries:
            return {byte_string(entry.name): _kind(entry.stat(follow_symlinks=False).st_mode) for entry in entries}

    def file_type(self, path: str) -> FileKind | None:
        is_in_store = path.startswith(_STORE_PREFIX)
        if path == _STORE_DIRECTORY:
            # Also before anything was stored.
            return "directory"
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
            # Refuse forbidden links here: a path joined from this one and the target would hide where the link is.
            found = self._follow(_decoded(path), True)
            if not target.startswith("/"):
                top = "/".join(path.split("/")[:_TOP])
                if not absolute(f"{path.rpartition('/')[0]}/{target}").startswith(top + "/"):
                    return byte_string(found.path)
        return target

    def resolve(self, path: str) -> str:
        if path == _STORE_DIRECTORY:
            return path
        native = self._native(path)
        if not path.startswith(_STORE_PREFIX):
            try:
                target = self._real.of(native, True)
            except FileNotFoundError:
                if self._through_store(native, True) is None:
                    raise _missing(native) from None
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
        if not recursive:
            return self._add_flat(path, native, name, expected)
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
            self._check_content(store.physical(added), path, True, expected)
        if filter is None and expected is None:
            self._added[key] = added
        return added

    def _add_flat(self, path: str, native: str, name: str, expected: tuple[str, bytes] | None) -> StorePath:
        """Add the bytes of a file, which the store then holds as a file that is not executable."""
        import shutil

        self._look(native, "content")
        store = self._open_store()
        folder = store.temporary("flat")
        copy = f"{folder}/file"
        try:
            if stat.S_ISDIR(posix.stat(native).st_mode):
                raise IsADirectoryError(EISDIR, "Is a directory", native)
            shutil.copyfile(native, copy)
            posix.chmod(copy, 0o644)
            added = store.add_tree(copy, name, consume=True)
        finally:
            shutil.rmtree(folder)
        if expected is not None:
            self._check_content(store.physical(added), path, False, expected)
        return added

    def _small_file(self, native: str) -> tuple[bytes, tuple[StorePath, ...], bool] | None:
        """Return the content and kind of a small regular file, to be kept in memory; None for anything else."""
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

    def fetch(self, source: Source, name: str) -> FetchedTree:
        key = (source, name)
        if key not in self._fetched:
            if self._fetcher is None:
                self._fetcher = self._new_fetcher()
            self._fetched[key] = self._fetcher.fetch(source, name)
        return self._fetched[key]

    def _new_fetcher(self) -> TreeFetcher:
        from ..builder import BuildOptions
        from .fetched import TreeFetcher

        def see(native: str, aspect: str) -> None:
            self.see(native)
            self._look(native, aspect)

        options = self._input_options or BuildOptions
        return TreeFetcher(self._open_store, options, self._native, see, self.lint, self._reporter.notice)

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
        """Write all pending texts and derivations into the store."""
        if not self._pending:
            return
        store = self._open_store()
        with store.transaction():
            # In the order of instantiation, which puts references first.
            for path, (content, references, executable) in self._pending.items():
                store.add_bytes(content, path.name, references, executable)
        self._pending.clear()

    def realise(self, context: Iterable[ContextElement]) -> Mapping[str, str]:
        from ..store import StorePath, upstream_placeholder

        requested: dict[StorePath, set[str]] = {}
        for element in context:
            if element[0] == "output":
                requested.setdefault(StorePath.parse(element[1]), set()).add(element[2])
        if not requested:
            return {}
        self.commit()
        targets = [(derivation, tuple(sorted(outputs))) for derivation, outputs in requested.items()]
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

    def lint(self, message: str) -> None:
        self._print("warning: ", message)

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
            # An unwritable cache only costs time.
            return
