"""Git repositories on this disk, read without anything that could run a program or change the answer.

A repository may name programs: hooks, a file-system monitor, filters. So git does not see its configuration. It works in
a repository of our own, whose objects and refs are links to those of the other, and whose configuration has only the form
of the objects and how files are compared. The user's and the system's configuration are not read either. Nothing is
written to the other repository.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from ..evaluator import FileUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SECONDS: Final = 600.0
_RAW: Final = "* -text -eol -crlf -ident -filter -working-tree-encoding\n"
_COPIED: Final = ("core.filemode", "core.autocrlf", "core.eol", "core.ignorecase", "core.symlinks")
"""Settings that decide whether a file of a working tree has changed."""
_SHARED: Final = ("objects", "refs", "packed-refs", "shallow")
_MODULE: Final = "160000"
_POINTER: Final = "gitdir: "


class Module(NamedTuple):
    """A submodule: its path in the tree, its commit, and its URL, which may be relative; None if nobody tells it."""

    path: str
    commit: str
    url: str | None


class Listed(NamedTuple):
    """What an index has: paths of files, and submodules."""

    files: list[str]
    modules: list[Module]


class Repository:
    """The repository at `place`: a directory with `.git`, or one without a working tree. `work` is an empty directory of the caller.

    Raises `FileUnavailable` if there is none, or if it is another user's.
    """

    def __init__(self, place: str, work: str) -> None:
        self.place = place
        self._work = work
        self._own = os.path.join(work, "git")
        self._home = os.path.join(work, "home")
        os.mkdir(self._home)
        self.directory, self.common = _locate(place)
        self.has_tree = os.path.lexists(os.path.join(place, ".git"))
        for one in {place, self.directory, self.common}:
            if os.stat(one).st_uid != os.geteuid():
                raise FileUnavailable(
                    f"opening Git repository \"{place}\": repository path '{one}' is not owned by current user",
                    hint="git clone makes a copy that is yours",
                )
        self._imitate()

    def _imitate(self) -> None:
        """Make the repository that git works in."""
        settings = os.path.join(self.common, "config")
        form = self._setting(settings, "extensions.objectformat") or "sha1"
        self._run("init", "--quiet", "--bare", f"--object-format={form}", "--template=", self._own, repository=None)
        for name in _SHARED:
            own, theirs = os.path.join(self._own, name), os.path.join(self.common, name)
            if os.path.isdir(own):
                shutil.rmtree(own)
            if os.path.lexists(theirs):
                os.symlink(theirs, own)
        shutil.copyfile(os.path.join(self.directory, "HEAD"), os.path.join(self._own, "HEAD"))
        for name in _COPIED:
            value = self._setting(settings, name)
            if value is not None:
                self._git("config", name, value)
        for name in os.listdir(self.directory):
            if name == "index" or name.startswith("sharedindex."):
                shutil.copy2(os.path.join(self.directory, name), os.path.join(self._own, name))

    def _setting(self, file: str, name: str) -> str | None:
        if not os.path.exists(file):
            return None
        found = self._try("config", "--no-includes", f"--file={file}", "--get", name, repository=None)
        return None if found is None else os.fsdecode(found).rstrip("\n")

    # --- commits

    def commit(self, name: str) -> str | None:
        """Return the commit that a branch, a tag, `HEAD` or an object's name stands for; None if there is none."""
        found = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return None if found is None else found.decode().strip()

    def has(self, name: str) -> bool:
        """Whether an object of that whole name is there."""
        return self._try("cat-file", "-e", name) is not None

    def time(self, commit: str) -> int:
        """Return when a commit was made (committer's time), in seconds since 1970."""
        return int(self._git("rev-list", "--max-count=1", "--format=%ct", commit, "--").split()[-1])

    def count(self, commit: str) -> int:
        """Return the number of commits that lead to a commit, itself included."""
        return int(self._git("rev-list", "--count", commit, "--"))

    # --- what a commit or the index has

    def use_commit(self, commit: str) -> None:
        """Let the index be that of a commit."""
        self._git("read-tree", commit)

    def listed(self, source: str | None) -> Listed:
        """Return what the index has. `source` is the file `.gitmodules` as git names it, if URLs of submodules are needed."""
        files: dict[str, None] = {}
        commits: dict[str, str] = {}
        for line in _parts(self._git("ls-files", "-z", "--stage")):
            about, _, name = line.partition("\t")
            mode, commit, _ = about.split(" ")
            if mode == _MODULE:
                commits[name] = commit
            else:
                files[name] = None
        urls = self._module_urls(source) if commits and source is not None else {}
        return Listed(list(files), [Module(path, commit, urls.get(path)) for path, commit in commits.items()])

    def _module_urls(self, source: str) -> dict[str, str]:
        asked = r"^submodule\..*\.(path|url)$"
        settings: dict[str, dict[str, str]] = {}
        for entry in _parts(
            self._try("config", "--no-includes", "-z", f"--blob={source}", "--get-regexp", asked) or b""
        ):
            key, _, value = entry.partition("\n")
            module, _, name = key.rpartition(".")
            settings.setdefault(module, {})[name] = value
        return {found["path"]: found["url"] for found in settings.values() if found.keys() >= {"path", "url"}}

    def marked(self, attribute: str, paths: Iterable[str], value: str = "set") -> set[str]:
        """Return those of some paths for which `.gitattributes` of the index has a value of an attribute.

        Paths of directories have a slash at the end.
        """
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        answered = _parts(self._git("check-attr", "--cached", "--stdin", "-z", attribute, given=given))
        return {path for path, found in zip(answered[::3], answered[2::3], strict=True) if found == value}

    def write(self, paths: Iterable[str], tree: str) -> None:
        """Write files of the index below the directory `tree`, with the bytes that were committed."""
        os.makedirs(os.path.join(self._own, "info"), exist_ok=True)
        place = os.path.join(self._own, "info", "attributes")
        with open(place, "w") as file:
            file.write(_RAW)
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        settings = ("-c", "core.symlinks=true", "-c", "core.filemode=true", "-c", "core.autocrlf=false")
        self._git(*settings, f"--work-tree={tree}", "checkout-index", "--quiet", "-z", "--stdin", given=given)
        os.unlink(place)

    # --- the working tree

    def is_changed(self) -> bool:
        """Whether tracked files differ from the commit of HEAD, in the working tree or in the index; submodules aside."""
        words = ("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
        return bool(self._git(f"--work-tree={self.place}", *words))

    def present(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield those of some paths that are files or links of the working tree, and not behind a link."""
        folders: dict[str, bool] = {"": True}

        def is_folder(path: str) -> bool:
            if path not in folders:
                inner = is_folder(path.rpartition("/")[0])
                folders[path] = inner and stat.S_ISDIR(_mode(os.path.join(self.place, path)))
            return folders[path]

        for path in paths:
            mode = _mode(os.path.join(self.place, path))
            if is_folder(path.rpartition("/")[0]) and (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                yield path

    # --- git

    def _git(self, *words: str, given: bytes = b"") -> bytes:
        return self._run(*words, repository=self._own, given=given)

    def _try(self, *words: str, repository: str | None = "") -> bytes | None:
        """Return the output of git; None if it ends with another status than 0."""
        answer = self._start(words, self._own if repository == "" else repository, b"")
        return answer.stdout if answer.returncode == 0 else None

    def _run(self, *words: str, repository: str | None, given: bytes = b"") -> bytes:
        answer = self._start(words, repository, given)
        if answer.returncode != 0:
            said = answer.stderr.decode("utf-8", "replace").strip()
            raise FileUnavailable(f"Git repository '{self.place}': git: {said or f'status {answer.returncode}'}")
        return answer.stdout

    def _start(
        self, words: tuple[str, ...], repository: str | None, given: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        git = shutil.which("git")
        if git is None:
            raise FileUnavailable(f"cannot read the Git repository '{self.place}': there is no git", hint="install git")
        command = [git, *([] if repository is None else [f"--git-dir={repository}"])]
        command += [
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.attributesFile=/dev/null",
        ]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": self._home,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_TERMINAL_PROMPT": "0",
        }
        try:
            return subprocess.run(
                [*command, *words], input=given, capture_output=True, env=environment, cwd=self._home, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise FileUnavailable(
                f"Git repository '{self.place}': git {words[0]} took more than {_SECONDS:g} s and was ended"
            ) from error


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _parts(output: bytes) -> list[str]:
    return [os.fsdecode(part) for part in output.split(b"\0")[:-1]]


def _locate(place: str) -> tuple[str, str]:
    """Return the directory of a repository, and the one that it shares with its other working trees."""
    if not os.path.isdir(place):
        raise FileUnavailable(f'Git repository "{place}" does not exist.')
    directory = os.path.join(place, ".git")
    if os.path.isfile(directory):
        with open(directory, errors="surrogateescape") as file:
            text = file.readline().rstrip("\n")
        directory = os.path.join(place, text.removeprefix(_POINTER))
    elif not os.path.isdir(directory):
        directory = place
    directory = os.path.realpath(directory)
    common = directory
    if os.path.isfile(os.path.join(directory, "commondir")):
        with open(os.path.join(directory, "commondir"), errors="surrogateescape") as file:
            common = os.path.realpath(os.path.join(directory, file.readline().rstrip("\n")))
    if not os.path.isfile(os.path.join(directory, "HEAD")) or not os.path.isdir(os.path.join(common, "objects")):
        raise FileUnavailable(
            f"Failed to fetch git repository 'file://{place}'",
            hint=f"'{place}' is no Git repository; name its top directory",
        )
    return directory, common
