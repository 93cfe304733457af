"""`git+` URLs: the tree of a commit.

    git+https://HOST/REPOSITORY?rev=COMMIT          also git+ssh, git+http, git+file

The user's own git gets it, with the user's configuration and passwords. The tree is what was committed, byte for
byte: no line ends are converted, no filters run, nothing is substituted, submodules stay empty. So its hash does not
depend on anybody's configuration.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..errors import FetchFailed, UnsupportedUrl
from ..process import executable
from .client import ask_client

if TYPE_CHECKING:
    from .task import Task

SCHEMES = ("git+https", "git+http", "git+ssh", "git+file")
_RAW = "* -text -eol -crlf -ident -filter -working-tree-encoding\n"
_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")
"""What a hook of git sets, and would lead it to another repository."""


class GitUrl(NamedTuple):
    """A repository as git names it, and what is wanted of it: a commit, or a name that leads to one."""

    remote: str
    ref: str
    revision: str | None


def parse_git_url(url: str) -> GitUrl:
    """Raises `UnsupportedUrl`."""
    parts = urlsplit(url.removeprefix("git+"))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    revision, ref = query.pop("rev", None), query.pop("ref", "HEAD")
    if revision is not None and not is_revision(revision):
        raise UnsupportedUrl(url, f"'{revision}' is not the whole name of a commit (40 or 64 hexadecimal digits)")
    if not ref or ref.startswith("-") or any(c.isspace() or c in "~^:?*[\\" for c in ref):
        raise UnsupportedUrl(url, f"'{ref}' is no name of a branch or tag")
    return GitUrl(urlunsplit(parts._replace(query=urlencode(query))), ref, revision)


def is_revision(text: str) -> bool:
    """Whether a text is the whole name of a commit."""
    return len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text)


def locked_url(url: str, revision: str) -> str:
    """`url` with the commit that it has led to."""
    remote = parse_git_url(url).remote
    return f"git+{remote}{'&' if '?' in remote else '?'}rev={revision}"


def find_revision(task: Task, url: str, work: str) -> str:
    """The commit that a URL without `rev` leads to now; raises `FetchFailed`."""
    wanted = parse_git_url(url)
    if wanted.revision is not None:
        return wanted.revision
    # A tag that is an object of its own stands a second time with ^{}, as the commit.
    patterns = [wanted.ref, f"{wanted.ref}^{{}}"]
    lines = _git(task, url, work, ["ls-remote", "--exit-code", "--", wanted.remote, *patterns])
    found = {name: revision for revision, tab, name in (line.partition("\t") for line in lines) if tab}
    for name in (wanted.ref, f"refs/tags/{wanted.ref}", f"refs/heads/{wanted.ref}"):
        revision = found.get(f"{name}^{{}}", found.get(name))
        if revision is not None and is_revision(revision):
            return revision
    raise FetchFailed(((url, f"there is no branch or tag '{wanted.ref}'"),))


def retrieve_git(task: Task, url: str, work: str) -> str:
    """The path of the tree that `url` names; raises `FetchFailed`, `UnsupportedUrl`."""
    wanted = parse_git_url(url)
    if wanted.revision is None:
        raise UnsupportedUrl(url, "it names no commit: add ?rev= and its name")
    repository, tree = os.path.join(work, "repository"), os.path.join(work, "tree")
    os.mkdir(tree)
    kind = ["--object-format=sha256"] if len(wanted.revision) == 64 else []
    _git(task, url, work, ["init", "--quiet", "--bare", *kind, repository])
    try:
        _git(task, url, work, ["fetch", "--quiet", "--depth=1", "--", wanted.remote, wanted.revision], repository)
    except FetchFailed:
        # Not every server hands out a commit by its name.
        everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        _git(task, url, work, ["fetch", "--quiet", "--", wanted.remote, *everything], repository)
    # These come before every other place where attributes are written.
    os.makedirs(os.path.join(repository, "info"), exist_ok=True)
    with open(os.path.join(repository, "info", "attributes"), "w") as file:
        file.write(_RAW)
    _git(task, url, work, ["read-tree", wanted.revision], repository)
    _git(task, url, work, ["-c", "core.symlinks=true", f"--work-tree={tree}", "checkout-index", "--all"], repository)
    return tree


def _git(task: Task, url: str, work: str, words: list[str], repository: str | None = None) -> list[str]:
    """What git says; raises `FetchFailed` with its words if it fails."""
    git, env = executable("git"), executable("env")
    if git is None or env is None:
        raise FetchFailed(((url, "there is no git"),), "install git")
    clean = [word for name in _VARIABLES for word in ("-u", name)]
    command = [env, *clean, "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=https:http:ssh:file", git]
    command += ["-c", "core.autocrlf=false", "-c", "protocol.version=2"]
    if repository is not None:
        command.append(f"--git-dir={repository}")
    answer = ask_client(task, [*command, *words], work)
    if answer.status != 0:
        said = [line.partition(": ")[2] for line in answer.lines if line.startswith(("fatal: ", "error: "))]
        raise FetchFailed(((url, "git: " + ("; ".join(said) or f"it ended with status {answer.status}")),))
    return answer.lines
