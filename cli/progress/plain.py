"""Plain lines about builds on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ...builder import expected, remaining
from ...ops.text import title
from ..output import colours, overwritten, tell
from .format import age, duration, size, speed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...builder import Bubblewrap, BuildError, Lane, Plan
    from ...store import StorePath


class PlainReporter:
    """A reporter that prints a line for each step that takes time.

    `titles` replace the names of derivations.
    """

    def __init__(
        self, verbose: bool = False, quiet: bool = False, titles: Mapping[StorePath, str] | None = None
    ) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._titles = titles or {}
        self._totals: dict[StorePath, int] = {}
        self._sandboxed: set[StorePath] = set()
        self._fetches: set[StorePath] = set()

    def entitle(self, titles: Mapping[StorePath, str]) -> None:
        """Use `titles` for derivations from now on."""
        self._titles = titles

    def _title(self, derivation: StorePath) -> str:
        return self._titles.get(derivation) or title(derivation)

    def _notice(self, text: str) -> None:
        if not self._quiet:
            self._write(f"chx: {text}\n")

    def _write(self, text: str) -> None:
        tell(text)

    def notice(self, text: str) -> None:
        """Print a notice."""
        self._notice(text)

    def traced(self, text: str) -> None:
        """Print a trace of an expression, even with `--quiet`."""
        self._write(f"{text}\n")

    def close(self) -> None:
        """End the display; nothing is left to do here."""

    def planned(self, plan: Plan) -> None:
        self._sandboxed = {step.path for step in plan.steps if not step.derivation.builder.startswith("builtin:")}
        self._fetches = {step.path for step in plan.fetches}
        builds, fetches = len(plan.builds), len(plan.fetches)
        if builds + fetches > 1:
            self._notice(f"to do: {_count(fetches, 'fetch', 'fetches')}, {_count(builds, 'build')}{_guess(plan)}")

    def started(self, derivation: StorePath, lane: Lane) -> None:
        # A bootstrap unpacks hundreds of archives.
        if derivation in self._sandboxed or self._verbose:
            self._notice(f"building {self._title(derivation)}")

    def waiting(self, derivation: StorePath) -> None:
        self._notice(f"waiting for another chx that builds {self._title(derivation)}")

    def fetched(self, derivation: StorePath, place: str, done: int, total: int | None) -> None:
        self._totals[derivation] = done

    def logged(self, derivation: StorePath, lines: Sequence[str]) -> None:
        if self._verbose and not self._quiet:
            reset = "\033[0m" if colours(sys.stderr) else ""
            text = "".join(f"{self._title(derivation)}> {overwritten(line)}{reset}\n" for line in lines)
            self._write(text)

    def phase(self, derivation: StorePath, name: str) -> None:
        if self._verbose:
            self._notice(f"{self._title(derivation)} is in {name}")

    def finished(self, derivation: StorePath, outputs: Mapping[str, StorePath], seconds: float) -> None:
        if derivation in self._fetches:
            total = self._totals.pop(derivation, None)
            amount = "" if total is None else f"{size(total)}, {speed(total, seconds)}, "
            self._notice(f"fetched {self._title(derivation)} ({amount}{duration(seconds)})")
        elif seconds >= 1 or self._verbose:
            self._notice(f"finished {self._title(derivation)} in {duration(seconds)}")

    def reused(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        if derivation in self._sandboxed or self._verbose:
            self._notice(f"spared {self._title(derivation)}: its inputs came out as before (early cutoff)")

    def joined(self, derivation: StorePath, outputs: Mapping[str, StorePath]) -> None:
        if derivation in self._sandboxed or self._verbose:
            self._notice(f"spared {self._title(derivation)}: the same was just built elsewhere")

    def unvaried(self, derivation: StorePath, variation: str) -> None:
        """Print nothing: the verdict reports it."""

    def connected(self, derivation: StorePath, reason: str) -> None:
        self._notice(f"{self._title(derivation)} shares the network of the machine: {reason}")

    def aged(self, bubblewrap: Bubblewrap) -> None:
        self._notice(age(bubblewrap))

    def differs(self, derivation: StorePath, output: str, earlier: StorePath, now: StorePath) -> None:
        self._notice(f"{self._title(derivation)} is not reproducible: '{output}' was {earlier}, now it is {now}")

    def substituted(self, place: str, path: StorePath) -> None:
        self._notice(f"took {path.name} from {place}")

    def refused(self, place: str, reason: str) -> None:
        self._notice(f"refused from {place}: {reason}")

    def failed(self, error: BuildError) -> None:
        """Print nothing: the report at the end does, without log lines that were printed already."""
        if self._verbose and not self._quiet:
            error.was_seen = True

    def skipped(self, derivations: Sequence[StorePath]) -> None:
        if self._verbose:
            self._notice(f"left out, because an input failed: {', '.join(map(self._title, derivations))}")


def _guess(plan: Plan) -> str:
    """Return the time of the longest chain in earlier builds as text; empty below a second."""
    if not any(step.path.name in plan.remembered for step in plan.steps):
        return ""

    seconds = remaining(plan.steps, expected(plan.steps, plan.remembered), {}, {})
    return f"; by earlier builds at most {duration(seconds)}" if seconds >= 1 else ""


def _count(number: int, word: str, plural: str | None = None) -> str:
    return f"{number} {word if number == 1 else plural or word + 's'}"
