"""The reporter: events of a running build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..store.path import StorePath
    from .bubblewrap import Bubblewrap
    from .errors import BuildError
    from .planning import Lane, Plan


class Reporter(Protocol):
    """Receives events. All methods are called from the thread that called `Builder.realise`, one at a time."""

    def planned(self, plan: Plan) -> None:
        """The plan was made: an upper bound of the work."""

    def started(self, derivation: StorePath, lane: Lane) -> None:
        """A build or download began."""

    def waiting(self, derivation: StorePath) -> None:
        """Another process does the same work; its result is awaited."""

    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None:
        """A download progressed: `done` bytes so far, of `total` if known."""

    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None:
        """A build printed whole lines."""

    def phase(self, derivation: StorePath, name: str) -> None:
        """A builder announced a phase (see `structured_log.py`)."""

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        """A step finished."""

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        """A planned step was skipped: its inputs turned out as in an earlier build (early cutoff)."""

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        """Another process, or another step, did the same work meanwhile; it is not repeated."""

    def unvaried(self, derivation: StorePath, variation: str) -> None:
        """A requested variation changes nothing in this build's sandbox."""

    def connected(self, derivation: StorePath, reason: str) -> None:
        """A build with network access shares the machine's network; `reason`: why it has none of its own."""

    def notice(self, text: str) -> None:
        """Take a sentence that a person may want to know."""

    def aged(self, bubblewrap: Bubblewrap) -> None:
        """The sandbox program is so old that chx has to guard it; reported once per home."""

    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None:
        """The same resolved derivation produced another output before: it is not reproducible."""

    def substituted(self, place: str, path: StorePath) -> None:
        """An object was substituted from a cache, with its references."""

    def refused(self, place: str, reason: str) -> None:
        """A cache served something invalid, or untrusted."""

    def failed(self, error: BuildError) -> None:
        """A step failed; `error` is also raised in the end."""

    def skipped(self, derivations: Sequence[StorePath]) -> None:
        """Steps skipped because a dependency failed."""


class Silence:
    """A reporter that ignores all events."""

    def planned(self, plan: Plan) -> None: ...
    def started(self, derivation: StorePath, lane: Lane) -> None: ...
    def waiting(self, derivation: StorePath) -> None: ...
    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None: ...
    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None: ...
    def phase(self, derivation: StorePath, name: str) -> None: ...
    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None: ...
    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None: ...
    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None: ...
    def unvaried(self, derivation: StorePath, variation: str) -> None: ...
    def connected(self, derivation: StorePath, reason: str) -> None: ...
    def notice(self, text: str) -> None: ...
    def aged(self, bubblewrap: Bubblewrap) -> None: ...
    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None: ...
    def substituted(self, place: str, path: StorePath) -> None: ...
    def refused(self, place: str, reason: str) -> None: ...
    def failed(self, error: BuildError) -> None: ...
    def skipped(self, derivations: Sequence[StorePath]) -> None: ...
