"""`--log-format json`: events as one JSON object on each line of standard error, for programs.

Every object has `event` and `time` (seconds since the epoch); derivations and outputs are store paths. The events are those of
`builder.Reporter`, with their fields; later versions may add events and fields, but change the meaning of none.
"""

from __future__ import annotations

import json
from time import time
from typing import TYPE_CHECKING

from ..output import tell
from .plain import PlainReporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder import Bubblewrap, BuildError, Lane, Plan
    from ...store import StorePath


class JsonReporter(PlainReporter):
    """A reporter for programs."""

    def _event(self, event: str, **fields: object) -> None:
        tell(json.dumps({"event": event, "time": round(time(), 3), **fields}) + "\n")

    def _notice(self, text: str) -> None:
        """Print nothing: events replace the messages."""

    def notice(self, text: str) -> None:
        self._event("notice", text=text)

    def planned(self, plan: Plan) -> None:
        super().planned(plan)
        self._event(
            "planned",
            builds=[str(step.path) for step in plan.builds],
            fetches=[str(step.path) for step in plan.fetches],
            remembered=dict(plan.remembered),
        )

    def started(self, derivation: StorePath, lane: Lane) -> None:
        self._event("started", derivation=str(derivation), lane=lane.value)

    def waiting(self, derivation: StorePath) -> None:
        self._event("waiting", derivation=str(derivation))

    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None:
        self._event("fetched", derivation=str(derivation), place=place, done=done, total=total)

    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None:
        self._event("logged", derivation=str(derivation), lines=list(lines))

    def phase(self, derivation: StorePath, name: str) -> None:
        self._event("phase", derivation=str(derivation), phase=name)

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        super().finished(derivation, outputs, seconds)
        self._event("finished", derivation=str(derivation), outputs=_texts(outputs), seconds=round(seconds, 3))

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        super().reused(derivation, outputs)
        self._event("reused", derivation=str(derivation), outputs=_texts(outputs))

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        super().joined(derivation, outputs)
        self._event("joined", derivation=str(derivation), outputs=_texts(outputs))

    def unvaried(self, derivation: StorePath, variation: str) -> None:
        super().unvaried(derivation, variation)
        self._event("unvaried", derivation=str(derivation), variation=variation)

    def connected(self, derivation: StorePath, reason: str) -> None:
        self._event("connected", derivation=str(derivation), reason=reason)

    def aged(self, bubblewrap: Bubblewrap) -> None:
        self._event("aged", path=bubblewrap.path, version=".".join(map(str, bubblewrap.version)))

    def substituted(self, place: str, path: StorePath) -> None:
        self._event("substituted", place=place, path=str(path))

    def refused(self, place: str, reason: str) -> None:
        self._event("refused", place=place, reason=reason)

    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None:
        self._event("differs", derivation=str(derivation), output=output, earlier=str(earlier), now=str(now))

    def failed(self, error: BuildError) -> None:
        self._event(
            "failed",
            derivation=None if error.derivation is None else str(error.derivation),
            code=error.code,
            message=error.message,
            log=error.log,
        )

    def skipped(self, derivations: Sequence[StorePath]) -> None:
        self._event("skipped", derivations=list(map(str, derivations)))


def _texts(outputs: Mapping[str, StorePath]) -> dict[str, str]:
    return {output: str(path) for output, path in outputs.items()}
