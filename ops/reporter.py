"""What an operation reports while it works: the events of the builder, notices, traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..builder.reporter import Reporter as BuildReporter
from ..builder.reporter import Silence as BuildSilence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store import StorePath


class Reporter(BuildReporter, Protocol):
    """Receives events, one at a time. A reporter of one's own extends `Silence` and defines what it wants to hear."""

    def notice(self, text: str) -> None:
        """Take a sentence that a person may want to know."""

    def traced(self, text: str) -> None:
        """Take a line that the expression prints with `builtins.trace` or `builtins.warn`."""

    def entitle(self, titles: Mapping[StorePath, str]) -> None:
        """Call derivations by `titles` from now on, and others by their names."""

    def close(self) -> None:
        """Builds are over; an error or a result follows."""


class Silence(BuildSilence):
    """A reporter that reports nothing."""

    def notice(self, text: str) -> None: ...
    def traced(self, text: str) -> None: ...
    def entitle(self, titles: Mapping[StorePath, str]) -> None: ...
    def close(self) -> None: ...


class Forwarding(Silence if TYPE_CHECKING else object):  # type: ignore[misc]
    """Passes every event on to another reporter. A subclass defines the methods whose events it wants to see or hide."""

    def __init__(self, to: Reporter) -> None:
        self._to = to

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            return getattr(self._to, name)
