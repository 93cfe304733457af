"""`git+` URLs: the tree of a commit.

    git+https://HOST/REPOSITORY?rev=COMMIT          also git+ssh, git+http, git+file
    git+https://HOST/REPOSITORY?rev=COMMIT&submodules=1

The user's own git fetches it, with the user's configuration and passwords. The tree has the committed bytes: no
conversion of line ends, no filters, no substitutions. So its hash does not depend on anybody's configuration.
Submodules are empty unless requested: then each is the tree of its recorded commit, and so are theirs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..errors import FetchFailed, UnsupportedUrl
from ..process import executable
from .client import ClientSilent, ask_client
from .hosts import HOSTS, NO_NETWORK, is_without_answer
from .task import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .task import Task

SCHEMES = ("git+https", "git+http", "git+ssh", "git+file")
_RAW = "* -text -eol -crlf -ident -filter -working-tree-encoding\n"
_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")
"""Variables that a git hook sets, and that would lead git to another repository."""
DEEPEST = 16
"""Most levels of submodules; one that contains itself has no end."""


class GitUrl(NamedTuple):
    """A repository in git's notation, and the requested commit, or a name for one."""

    remote: str
    ref: str
    revision: str | None
    submodules: bool


def parse_git_url(url: str) -> GitUrl:
    """Parse a URL. Raises `UnsupportedUrl`."""
    parts = urlsplit(url.removeprefix("git+"))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    revision, ref = query.pop("rev", None), query.pop("ref", "HEAD")
    submodules = query.pop("submodules", "0")
    if submodules not in ("0", "1"):
        raise UnsupportedUrl(url, f"submodules={submodules} has no meaning; it is 1 or 0")
    if revision is not None and not is_revision(revision):
        raise UnsupportedUrl(url, f"'{revision}' is not the whole name of a commit (40 or 64 hexadecimal digits)")
    if not ref or ref.startswith("-") or any(c.isspace() or c in "~^:?*[\\" for c in ref):
        raise UnsupportedUrl(url, f"'{ref}' is no name of a branch or tag")
    return GitUrl(urlunsplit(parts._replace(query=urlencode(query))), ref, revision, submodules == "1")


def is_revision(text: str) -> bool:
    """Whether a text is the whole name of a commit."""
    return len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text)


def locked_url(url: str, revision: str) -> str:
    """Return `url` with the resolved commit."""
    wanted = parse_git_url(url)
    submodules = "&submodules=1" if wanted.submodules else ""
    return f"git+{wanted.remote}{'&' if '?' in wanted.remote else '?'}rev={revision}{submodules}"


def find_revision(task: Task, url: str, work: str) -> str:
    """Return the current commit of a URL without `rev`. Raises `FetchFailed`."""
    wanted = parse_git_url(url)
    if wanted.revision is not None:
        return wanted.revision
    # An annotated tag is listed again with ^{}, for its commit.
    patterns = [wanted.ref, f"{wanted.ref}^{{}}"]
    lines = _git_at(wanted.remote, task, url, work, ["ls-remote", "--", wanted.remote, *patterns])
    found = {name: revision for revision, tab, name in (line.partition("\t") for line in lines) if tab}
    for name in (wanted.ref, f"refs/tags/{wanted.ref}", f"refs/heads/{wanted.ref}"):
        revision = found.get(f"{name}^{{}}", found.get(name))
        if revision is not None and is_revision(revision):
            return revision
    if wanted.ref == "HEAD":
        raise FetchFailed(
            ((url, "the repository has no commit yet, or names no branch as its first one"),), "name a ref"
        )
    raise FetchFailed(((url, f"there is no branch or tag '{wanted.ref}'"),))


def retrieve_git(task: Task, url: str, work: str) -> str:
    """Return the path of the tree that `url` names. Raises `FetchFailed`, `UnsupportedUrl`."""
    wanted = parse_git_url(url)
    if wanted.revision is None:
        raise UnsupportedUrl(url, "it names no commit: add ?rev= and its name")
    tree = os.path.join(work, "tree")
    os.mkdir(tree)
    _Checkout(task, url, work, wanted.submodules).put(wanted.remote, wanted.revision, tree)
    pointers = list(_lfs_pointers(tree))
    if pointers:
        task.notice(
            f"{url}: {len(pointers)} files are pointers of git-lfs and not their contents, such as {min(pointers)}"
        )
    return tree


def retrieve_history(task: Task, remote: str, revision: str | None, ref: str | None, shallow: bool) -> tuple[str, str]:
    """Fetch a commit of another host with what led to it, or alone if `shallow`; return the bare repository and the commit.

    `remote` is in git's notation. `ref` is a branch or tag, by default the first branch. Raises `FetchFailed`, `UnsupportedUrl`.
    """
    url = f"git+{remote}"
    found = revision or find_revision(task, f"{url}{'&' if '?' in url else '?'}ref={ref or 'HEAD'}", task.work)
    checkout = _Checkout(task, url, task.work, submodules=False)
    return checkout.repository(remote, found, shallow), found


_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LFS_MOST = 1024
"""A pointer is smaller than this (git-lfs, docs/spec.md)."""


def _lfs_pointers(tree: str) -> Iterator[str]:
    """Yield the files below `tree` that stand for contents which git-lfs keeps elsewhere."""
    for base, _, names in os.walk(tree):
        for name in names:
            place = os.path.join(base, name)
            if not os.path.islink(place) and len(_LFS) < os.path.getsize(place) < _LFS_MOST:
                with open(place, "rb") as file:
                    if file.read(len(_LFS)) == _LFS:
                        yield os.path.relpath(place, tree)


class _Checkout:
    """Writes the trees of commits to directories; `url` is the requested one, for errors."""

    def __init__(self, task: Task, url: str, work: str, submodules: bool) -> None:
        self._task, self._url, self._work = task, url, work
        self._submodules = submodules
        self._repositories = 0

    def put(self, remote: str, revision: str, tree: str, passed: tuple[str, ...] = ()) -> None:
        """Fill the directory `tree`; `passed` are the enclosing submodules."""
        repository = self.repository(remote, revision, True)
        # These take precedence over all other attribute files.
        os.makedirs(os.path.join(repository, "info"), exist_ok=True)
        with open(os.path.join(repository, "info", "attributes"), "w") as file:
            file.write(_RAW)
        self._git(["read-tree", revision], repository)
        self._git(["-c", "core.symlinks=true", f"--work-tree={tree}", "checkout-index", "--all"], repository)
        if self._submodules:
            for place, commit, theirs in self._modules(remote, revision, repository):
                self._put_module(place, commit, theirs, tree, passed)

    def repository(self, remote: str, revision: str, shallow: bool) -> str:
        """Return a new repository that has a commit: alone if `shallow` and the server gives it so."""
        repository = os.path.join(self._work, f"repository-{self._repositories}")
        self._repositories += 1
        kind = ["--object-format=sha256"] if len(revision) == 64 else []
        self._git(["init", "--quiet", "--bare", *kind, repository])
        try:
            self._fetch(remote, [revision], repository, ["--depth=1"] * shallow)
        except (ClientSilent, NoAnswer):
            raise
        except FetchFailed:
            # Not every server serves a commit by its id.
            self._fetch(remote, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], repository, [])
        return repository

    def _put_module(self, place: str, commit: str, remote: str, tree: str, passed: tuple[str, ...]) -> None:
        named = (*passed, place)
        if len(named) > DEEPEST:
            raise FetchFailed(((self._url, f"submodules of submodules without an end: {'/'.join(named)}"),))
        inner = os.path.join(tree, place)
        if os.path.realpath(inner) != os.path.join(os.path.realpath(tree), place):
            raise FetchFailed(((self._url, f"the submodule '{place}' is outside of its repository"),))
        os.makedirs(inner, exist_ok=True)
        try:
            self.put(remote, commit, inner, named)
        except FetchFailed as error:
            if error.attempts[0][1].startswith("submodule "):
                raise
            told = f"submodule '{'/'.join(named)}' ({remote}): {error.attempts[0][1]}"
            raise FetchFailed(((self._url, told),), error.advice) from error

    def _modules(self, remote: str, revision: str, repository: str) -> list[tuple[str, str, str]]:
        """Return the submodules of a commit that have a URL: path, commit and URL. Git leaves the others empty, too."""
        listed = self._git(["-c", "core.quotePath=false", "ls-tree", "-r", "--full-tree", revision], repository)
        commits = {}
        has_urls = False
        for line in listed:
            about, _, name = line.partition("\t")
            mode, _, rest = about.partition(" ")
            if mode == "160000":
                commits[name] = rest.partition(" ")[2]
            has_urls |= name == ".gitmodules" and mode in ("100644", "100755")
        if not commits or not has_urls:
            return []
        asked = [r"^submodule\..*\.(path|url)$"]
        said = self._git(["config", "--blob", f"{revision}:.gitmodules", "--get-regexp", *asked], repository)
        settings: dict[str, dict[str, str]] = {}
        for line in said:
            key, _, value = line.partition(" ")
            module, _, name = key.rpartition(".")
            settings.setdefault(module, {})[name] = value
        urls = {found["path"]: found["url"] for found in settings.values() if found.keys() >= {"path", "url"}}
        return [(place, commit, beside(remote, urls[place])) for place, commit in commits.items() if place in urls]

    def _fetch(self, remote: str, names: list[str], repository: str, options: list[str]) -> None:
        # Fetched links must not lead to files of this machine.
        is_local = self._url.startswith("git+file:")
        words = ["fetch", "--quiet", *options, "--", remote, *names]
        _git_at(remote, self._task, self._url, self._work, words, repository, with_files=is_local)

    def _git(self, words: list[str], repository: str | None = None) -> list[str]:
        return _git(self._task, self._url, self._work, words, repository)


def beside(remote: str, url: str) -> str:
    """Return the URL of a submodule, which may be relative to that of its repository."""
    if not url.startswith(("./", "../")):
        return url
    base = remote.rstrip("/")
    while url.startswith(("./", "../")):
        first, _, url = url.partition("/")
        if first == "..":
            base = base.rpartition("/")[0]
    return f"{base}/{url}"


class NoAnswer(FetchFailed):
    """The host of a repository does not answer."""


def _git_at(
    remote: str,
    task: Task,
    url: str,
    work: str,
    words: list[str],
    repository: str | None = None,
    with_files: bool = True,
) -> list[str]:
    """Do `_git` with a command that asks the host of `remote`."""
    host = HOSTS.find("git", remote)
    host.check(url, task.haste)
    try:
        lines = _git(task, url, work, words, repository, with_files=with_files)
    except ClientSilent as error:
        host.did_not_answer(error.attempts[0][1], False)
        raise
    except FetchFailed as error:
        if is_without_answer(error.attempts[0][1]):
            host.did_not_answer(error.attempts[0][1], False)
            raise NoAnswer(error.attempts, NO_NETWORK) from error
        raise
    host.answered()
    return lines


def _git(
    task: Task, url: str, work: str, words: list[str], repository: str | None = None, with_files: bool = True
) -> list[str]:
    """Return the output of git. Raises `FetchFailed` with its message if it fails."""
    git, env = executable("git"), executable("env")
    if git is None or env is None:
        raise FetchFailed(((url, "there is no git"),), "install git")
    clean = [word for name in _VARIABLES for word in ("-u", name)]
    command = [env, *clean, "GIT_TERMINAL_PROMPT=0", f"GIT_ALLOW_PROTOCOL=https:http:ssh{':file' * with_files}", git]
    command += ["-c", "core.autocrlf=false", "-c", "protocol.version=2"]
    if repository is not None:
        command.append(f"--git-dir={repository}")
    # Limits of the download and of the resulting tree. A declared size is that of a file.
    answer = ask_client(task, url, [*command, *words], work, Allowance(task.max_download or None), copies=2)
    if answer.status != 0:
        said = [line.partition(": ")[2] for line in answer.lines if line.startswith(("fatal: ", "error: "))]
        raise FetchFailed(((url, "git: " + ("; ".join(said) or f"it ended with status {answer.status}")),))
    return answer.lines
