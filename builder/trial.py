"""Is a build reproducible, and if not, what does it depend on?

A *trial* builds a derivation again, first as it was and then under variations, and compares outputs by their names, which
are their content. `attempt` is handed in and builds under a set of variations, so that none of this runs anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .errors import BuilderFailed, LimitExceeded, MissingOutput
from .variation import culprit, explained

if TYPE_CHECKING:
    from ..store.path import StorePath
    from .errors import BuildError

Made = Mapping[str, "StorePath"]
Attempt = Callable[[tuple[str, ...]], Made]
Cause = Literal["nothing", "itself", "the first build", "clock", "variations"]
STOPPED: tuple[str, ...] = ("stopped-clock",)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trial found.

    `cause`: "nothing" differs; it differs by "itself", each time; only "the first build" differs, and those since are equal;
    the "clock": it is the same each time if the clock stands still; it depends on `variations`, a smallest set. `differing`
    are the outputs of a build that came out otherwise, if it succeeded; if not, `failure` says why. `builds` is how many it took.
    `unvaried` are variations that could not be made.
    """

    cause: Cause
    reference: Made
    builds: int
    variations: tuple[str, ...] = ()
    differing: Made | None = None
    failure: BuildError | None = None
    unvaried: tuple[str, ...] = ()


class Trial:
    """One derivation. `reference` is what it gave before; `attempt` adds to `unvaried` what it could not vary."""

    def __init__(
        self,
        attempt: Attempt,
        reference: Made,
        told: Callable[[tuple[str, ...]], None] | None = None,
        unvaried: Set[str] = frozenset(),
    ) -> None:
        self._attempt = attempt
        self._unvaried = unvaried
        self._reference = dict(reference)
        self._told = told
        self._builds = 0
        self._last: Made | None = None
        self._failure: BuildError | None = None

    def run(self, rounds: int, variations: Sequence[str]) -> Verdict:
        """At most one build for each round as it was, one under all variations, and those of the search."""
        verdict = self._judge(rounds, variations)
        return replace(verdict, unvaried=tuple(name for name in variations if name in self._unvaried))

    def _judge(self, rounds: int, variations: Sequence[str]) -> Verdict:
        earlier: Verdict | None = None
        if self._differs(()):
            earlier = self._without_variations()
            if earlier.cause != "the first build":
                return earlier
        for number in range(rounds):
            if variations and self._differs(tuple(variations)):
                return self._search(tuple(name for name in variations if name not in self._unvaried))
            if not variations and number and self._differs(()):
                return self._without_variations()
        return earlier or Verdict("nothing", self._reference, self._builds)

    def _differs(self, names: tuple[str, ...]) -> bool:
        if self._told is not None:
            self._told(names)
        self._builds += 1
        try:
            made = dict(self._attempt(names))
        except (BuilderFailed, LimitExceeded, MissingOutput) as error:
            self._last, self._failure = None, error
            return True
        if made == self._reference:
            return False
        self._last, self._failure = made, None
        return True

    def _verdict(self, cause: Cause, variations: tuple[str, ...] = ()) -> Verdict:
        return Verdict(cause, self._reference, self._builds, variations, self._last, self._failure)

    def _without_variations(self) -> Verdict:
        """It differs though nothing was varied; if only the first build does, the next one is the reference from now on."""
        found = self._verdict("itself")
        if self._last is None:
            return found
        first, self._reference = self._reference, dict(self._last)
        if not self._differs(()):
            return Verdict("the first build", first, self._builds, differing=self._reference)
        if self._differs(STOPPED) and self._last is not None and not self._unvaried >= set(STOPPED):
            self._reference = dict(self._last)
            if not self._differs(STOPPED):
                return Verdict("clock", first, self._builds, differing=found.differing)
        return Verdict("itself", first, self._builds, differing=found.differing)

    def _search(self, names: tuple[str, ...]) -> Verdict:
        found = self._verdict("variations", names)

        def differs(part: tuple[str, ...]) -> bool:
            nonlocal found
            if not self._differs(part):
                return False
            found = self._verdict("variations", part)
            return True

        smallest = explained(culprit(names, differs), differs)
        if found.variations != smallest:
            differs(smallest)
        if self._differs(()):
            # It was chance, and not what was varied.
            return self._verdict("itself")
        return Verdict("variations", found.reference, self._builds, smallest, found.differing, found.failure)
