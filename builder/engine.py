"""Engines: what carries out the sandboxed part of a build somewhere else.

A build is a value, `Job`; an engine runs it and puts the outputs in their places. This machine's own bubblewrap needs
no such value, because it mounts what is on the disk; any other engine gets one. All else (locks, the trace, checks,
registration) is the same for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..store.derivation import Derivation
    from ..store.path import StorePath
    from ..store.store import Store
    from .process import Outcome
    from .sandbox import Limits


class EngineUnavailable(BuildError):
    """Base of errors of an engine that is out of reach: another one, or this machine, may do its jobs."""


class Job(NamedTuple):
    """The sandboxed part of a build.

    `derivation` is resolved, and names its outputs by their paths in `scratch`. `visible` are the objects in /chx/store.
    `limits` are those of the build, `max_output_bytes` of its outputs together; 0 is no limit.
    """

    path: StorePath
    derivation: Derivation
    scratch: Mapping[str, str]
    visible: tuple[StorePath, ...]
    limits: Limits
    max_output_bytes: int = 0


class Ran(NamedTuple):
    """What one witness tells of a job.

    `place` is the directory with the outputs by name. `strays` are the names of what else was written there. `sandbox`
    names the isolating program, `kernel` the release of the kernel it ran on, `variation` where that was, for the ledger.
    """

    outcome: Outcome
    has_started: bool
    place: str
    strays: tuple[str, ...]
    sandbox: str
    kernel: str
    variation: str


class Engine(Protocol):
    """Carries out jobs. Its functions may be called from any thread."""

    @property
    def jobs(self) -> int:
        """The number of jobs at once."""

    @property
    def leaves_moments(self) -> bool:
        """Whether this machine may do what takes but a moment."""

    def prepare(self, store: Store) -> None:
        """Get ready for jobs with objects of `store`, before the first one. Raises `BuildError`."""

    def takes(self, derivation: Derivation) -> bool:
        """Whether jobs of this derivation are the engine's."""

    def is_sampled(self, resolved: str) -> bool:
        """Whether the build with this key is also to be done here, and compared."""

    def run(self, job: Job, folder: str, sink: Callable[[bytes], None]) -> Sequence[Ran]:
        """Run a job; return what each witness tells, one at least. Outputs lie in directories made below `folder`.

        All witnesses succeeded, or there is one. `sink` gets the output of the build. Raises `BuildError`.
        """
