"""Reporters: receivers of the builder's events, of notices and of traces while an operation runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..builder.reporter import Reporter as BuildReporter
from ..builder.reporter import Silence as BuildSilence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store import StorePath


class Reporter(BuildReporter, Protocol):
    """Receives events, one at a time. Implementations extend `Silence` and override the events they need."""

    def traced(self, text: str) -> None:
        """Receive a line that the expression prints with `builtins.trace` or `builtins.warn`."""

    def entitle(self, titles: Mapping[StorePath, str]) -> None:
        """Show derivations under `titles` from now on, and others under their names."""

    def close(self) -> None:
        """Finish the report of builds; an error or a result follows."""


class Silence(BuildSilence):
    """Reporter that discards all events."""

    def traced(self, text: str) -> None: ...
    def entitle(self, titles: Mapping[StorePath, str]) -> None: ...
    def close(self) -> None: ...


class Forwarding(Silence if TYPE_CHECKING else object):  # type: ignore[misc]
    """Forwards every event to another reporter. A subclass overrides the events that it observes or hides."""

    def __init__(self, to: Reporter) -> None:
        self._to = to

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            return getattr(self._to, name)
