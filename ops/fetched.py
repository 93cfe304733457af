"""Trees that an expression fetches while it is evaluated: `fetchGit` and `fetchTree`.

What a commit's name, or a hash, determines is remembered in `$CHX_HOME/cache/fetched`, so that it is fetched once as long as the store has it.
A working tree is read anew in each evaluation. What it depends on is told to `see`, before it is read.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ..evaluator import FileUnavailable
from ..evaluator.errors import Unsupported
from ..evaluator.inputs import NO_COMMIT, ArchiveSource, FetchedTree, GitSource
from ..signatures import home
from .paths import encoded
from .repository import Listed, Module, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..builder import BuildOptions
    from ..evaluator.inputs import PathSource, Source
    from ..store import Store

SOURCE: Final = "source"
"""The name that the builder gives to all trees that it fetches."""
_DEEPEST: Final = 16
"""Most levels of submodules; one that contains itself has no end."""


class TreeFetcher:
    """Fetches for one world.

    `native` turns a byte string into a path of the system. `see` is told paths and which aspect of them is read (as
    `FileWorld.looked` has it). `options` are for what comes from other hosts; `warn` and `notice` show a sentence.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        options: Callable[[], BuildOptions],
        native: Callable[[str], str],
        see: Callable[[str, str], None],
        warn: Callable[[str], None],
        notice: Callable[[str], None],
    ) -> None:
        self._store = store
        self._options = options
        self._native = native
        self._see = see
        self._warn = warn
        self._notice = notice
        self._folders = 0

    def fetch(self, source: Source, name: str) -> FetchedTree:
        """Fetch a source into the store. Raises what its kind may raise."""
        if isinstance(source, GitSource):
            return self.git(source, name)
        if isinstance(source, ArchiveSource):
            return self.archive(source, name)
        return self.path(source, name)

    def path(self, source: PathSource, name: str) -> FetchedTree:
        """Copy a file or a tree; the time is that of its newest part. Raises `FileUnavailable`, `OSError`."""
        from ..builder import hash_content

        native = self._native(source.path)
        if not os.path.lexists(native):
            raise FileUnavailable(f"path '{native}' does not exist")
        self._see(native, "tree")
        times = [os.lstat(native).st_mtime_ns]
        for base, folders, files in os.walk(native):
            for inner in (*folders, *files):
                place = os.path.join(base, inner)
                self._see(place, "kind")
                times.append(os.lstat(place).st_mtime_ns)
        store = self._store()
        path = store.add_tree(native, name)
        nar = hash_content(store.physical(path), "sha256", "recursive")
        return FetchedTree(path, nar, modified=max(times) // 1_000_000_000)

    def archive(self, source: ArchiveSource, name: str) -> FetchedTree:
        """Fetch a file, or what an archive holds. Raises `BuildError`."""
        from ..builder import hash_content, prefetch_file, prefetch_tree

        store, key = self._store(), None
        if source.expected is not None:
            key = (source.url, source.unpack, source.timed, source.expected, name)
            known = _remembered(store, key)
            if known is not None:
                return known
        url = source.url.encode("latin-1").decode("utf-8", "surrogateescape")
        options = self._options()
        if source.unpack:
            tree = prefetch_tree(store, url, self._notice, options, timed=source.timed)
            path = tree.path if name == SOURCE else store.add_tree(store.physical(tree.path), name)
            fetched = FetchedTree(path, tree.digest, modified=tree.modified)
        else:
            path = prefetch_file(store, url, name, self._notice, options).path
            fetched = FetchedTree(path, hash_content(store.physical(path), "sha256", "recursive"))
        if key is not None and fetched.nar == source.expected:
            _remember(key, fetched)
        return fetched

    def git(self, source: GitSource, name: str) -> FetchedTree:
        """Fetch a commit or a working tree. Raises `FileUnavailable`, `Unsupported`, `BuildError`."""
        key = None
        if source.revision is not None:
            key = (
                source.url,
                source.revision,
                source.shallow,
                source.submodules,
                source.export_ignore,
                source.lfs,
                name,
            )
            known = _remembered(self._store(), key)
            if known is not None:
                return known
        work = self._store().temporary("git")
        try:
            tree = os.path.join(work, "tree")
            os.mkdir(tree)
            with self._opened(source, work) as (repository, commit):
                found = self._put(repository, source, commit, tree, work)
            return self._added(found, tree, name, key)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _added(self, found: _Put, tree: str, name: str, key: tuple[object, ...] | None) -> FetchedTree:
        from ..builder import hash_content

        nar = hash_content(tree, "sha256", "recursive")
        path = self._store().add_tree(tree, name, consume=True)
        fetched = FetchedTree(path, nar, found.revision, found.count, found.modified, found.dirty)
        if key is not None:
            _remember(key, fetched)
        return fetched

    @contextmanager
    def _opened(self, source: GitSource, work: str) -> Iterator[tuple[Repository, str | None]]:
        """Context of the repository of a source, and the name of its commit; None for the working tree."""
        local = source.local
        if local is not None:
            place = self._native(local)
            repository = Repository(place, self._folder(work))
            name = source.revision or source.ref
            if name is None and not repository.has_tree:
                name = "HEAD"
            if source.revision is None:
                self._see_names(repository, source.ref)
            yield repository, name
            return
        from ..builder import prefetched_history

        wanted = (source.url, source.revision, source.ref, source.shallow)
        with prefetched_history(self._store(), *wanted, self._notice, self._options()) as (place, commit):
            yield Repository(place, self._folder(work)), commit

    def _folder(self, work: str) -> str:
        self._folders += 1
        folder = os.path.join(work, f"repository-{self._folders}")
        os.mkdir(folder)
        return folder

    def _see_names(self, repository: Repository, ref: str | None) -> None:
        """Tell the files that say which commit is meant."""
        head = os.path.join(repository.directory, "HEAD")
        self._see(head, "content")
        with open(head, errors="surrogateescape") as file:
            name = file.read().strip().removeprefix("ref: ")
        names = [name, *(f"{prefix}{ref}" for prefix in ("", "refs/", "refs/tags/", "refs/heads/") if ref)]
        for one in ("packed-refs", *names):
            self._see(os.path.join(repository.common, one), "content")

    # --- writing a tree

    def _put(
        self,
        repository: Repository,
        source: GitSource,
        name: str | None,
        tree: str,
        work: str,
        passed: tuple[str, ...] = (),
    ) -> _Put:
        """Fill the directory `tree`; `passed` are the submodules around it."""
        if len(passed) > _DEEPEST:
            raise FileUnavailable(f"submodules of submodules without an end: {'/'.join(passed)}")
        if name is None:
            return self._put_working_tree(repository, source, tree, work, passed)
        commit = _commit_named(repository, source, name)
        repository.use_commit(commit)
        listed = repository.listed(f"{commit}:.gitmodules" if source.submodules else None)
        files, folders = _kept(repository, source, listed.files, [module.path for module in listed.modules])
        _make_folders(tree, folders)
        repository.write(files, tree)
        for module in listed.modules if source.submodules else ():
            if module.url is not None and module.path in folders:
                self._put_module(source, module, os.path.join(tree, module.path), work, (*passed, module.path))
        return _described(repository, source, commit, source.revision or commit)

    def _put_module(self, source: GitSource, module: Module, tree: str, work: str, passed: tuple[str, ...]) -> None:
        from ..builder import beside

        assert module.url is not None
        url = beside(source.url, module.url)
        if url.startswith("/"):
            url = f"file://{url}"
        inner = GitSource(
            url.encode("utf-8", "surrogateescape").decode("latin-1"), module.commit, None, True, True, source.lfs
        )
        if source.local is None and inner.local is not None:
            raise FileUnavailable(
                f"the submodule '{'/'.join(passed)}' of '{source.url}' is said to be a file of this machine: {url}"
            )
        with self._opened(inner, work) as (repository, commit):
            self._put(repository, inner, commit, tree, work, passed)

    def _put_working_tree(
        self, repository: Repository, source: GitSource, tree: str, work: str, passed: tuple[str, ...]
    ) -> _Put:
        self._see(os.path.join(repository.directory, "index"), "content")
        commit = repository.commit("HEAD")
        listed = repository.listed(None)
        for path in listed.files:
            self._see(os.path.join(repository.place, path), "content")
        is_dirty = bool(listed.files or listed.modules) if commit is None else repository.is_changed()
        files, folders = _kept(repository, source, list(repository.present(listed.files)), [])
        _make_folders(tree, folders)
        for path in files:
            _copy(os.path.join(repository.place, path), os.path.join(tree, path))
        if source.submodules:
            is_dirty |= self._put_modules_here(repository, source, listed, tree, work, passed)
        if is_dirty:
            self._warn(f"Git tree '{repository.place}' is dirty")
        if commit is None:
            return _Put(None if is_dirty else NO_COMMIT, None, 0, None)
        found = _described(repository, source, commit, commit)
        return _Put(None, None, found.modified, commit) if is_dirty else found

    def _put_modules_here(
        self, repository: Repository, source: GitSource, listed: Listed, tree: str, work: str, passed: tuple[str, ...]
    ) -> bool:
        """Put the working trees of submodules into that of their repository; return whether one has changed."""
        is_dirty = False
        for module in listed.modules:
            place = os.path.join(repository.place, module.path)
            if not os.path.lexists(os.path.join(place, ".git")):
                raise FileUnavailable(
                    f"the submodule '{module.path}' of '{repository.place}' is not there",
                    hint="git submodule update --init --recursive brings it",
                )
            inner = os.path.join(tree, module.path)
            os.makedirs(inner, exist_ok=True)
            theirs = Repository(place, self._folder(work))
            self._see_names(theirs, None)
            found = self._put(theirs, source, None, inner, work, (*passed, module.path))
            is_dirty |= found.revision is None
        return is_dirty


class _Put:
    """What is known of a tree that was written: see `FetchedTree`."""

    def __init__(self, revision: str | None, count: int | None, modified: int, dirty: str | None) -> None:
        self.revision = revision
        self.count = count
        self.modified = modified
        self.dirty = dirty


def _described(repository: Repository, source: GitSource, commit: str, revision: str) -> _Put:
    count = None if source.shallow else repository.count(commit)
    return _Put(revision, count, repository.time(commit), None)


def _commit_named(repository: Repository, source: GitSource, name: str) -> str:
    commit = repository.commit(name)
    if commit is not None:
        return commit
    if source.revision is None:
        raise FileUnavailable(f"resolving Git reference '{name}': revspec '{name}' not found")
    if repository.has(name):
        raise FileUnavailable(f"peeling Git object '{name}': it is no commit")
    raise FileUnavailable(f"getting Git object '{name}': object not found in '{repository.place}'")


def _kept(
    repository: Repository, source: GitSource, files: list[str], modules: list[str]
) -> tuple[list[str], list[str]]:
    """Return the files and the directories of a tree. Raises `Unsupported` for contents that git-lfs keeps elsewhere."""
    folders: dict[str, None] = {}
    for path in files:
        for folder in _above(path):
            folders[folder] = None
    for path in modules:
        folders.update(dict.fromkeys((*_above(path), path)))
    kept = files
    if source.export_ignore:
        marked = repository.marked("export-ignore", [*files, *(f"{folder}/" for folder in folders)])
        if marked:
            folders = {folder: None for folder in folders if not _is_left_out(f"{folder}/", marked)}
            kept = [path for path in files if not _is_left_out(path, marked)]
    if source.lfs:
        large = repository.marked("filter", kept, "lfs")
        if large:
            raise Unsupported(
                f"'lfs' is not supported: '{min(large)}' has its contents in git-lfs",
                hint="without lfs = true its pointer is taken, as it was committed",
            )
    return kept, list(folders)


def _is_left_out(path: str, marked: set[str]) -> bool:
    return path in marked or any(f"{folder}/" in marked for folder in _above(path.rstrip("/")))


def _above(path: str) -> Iterator[str]:
    """Yield the directories that a path is in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _make_folders(tree: str, folders: Iterable[str]) -> None:
    for folder in folders:
        os.makedirs(os.path.join(tree, folder), exist_ok=True)


def _copy(place: str, target: str) -> None:
    if os.path.islink(place):
        os.symlink(os.readlink(place), target)
        return
    shutil.copyfile(place, target)
    os.chmod(target, 0o755 if os.stat(place).st_mode & 0o100 else 0o644)


# --- what was fetched before


def _memory(key: tuple[object, ...]) -> str:
    from hashlib import sha256

    return f"{home()}/cache/fetched/{sha256(encoded(repr(key))).hexdigest()}"


def _remember(key: tuple[object, ...], found: FetchedTree) -> None:
    import json

    place = _memory(key)
    temporary = f"{place}.{os.getpid()}"
    record = [str(found.path), found.nar.hex(), found.revision, found.count, found.modified]
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(temporary, "w") as file:
            json.dump([repr(key), *record], file)
        os.replace(temporary, place)
    except OSError:
        return  # it only costs time


def _remembered(store: Store, key: tuple[object, ...]) -> FetchedTree | None:
    """Return what was fetched before, if the store still has it."""
    import json

    from ..store import StorePath

    try:
        with open(_memory(key)) as file:
            whole, path, nar, revision, count, modified = json.load(file)
        found = FetchedTree(StorePath.parse(path), bytes.fromhex(nar), revision, count, modified)
    except (OSError, ValueError, TypeError):
        return None
    return found if whole == repr(key) and store.is_valid(found.path) else None
