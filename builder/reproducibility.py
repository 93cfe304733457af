"""Check whether a build is reproducible, and if not, what its output depends on.

A check rebuilds a derivation, first without variations and then with them, and compares store paths, which name content.
The caller passes `attempt`, which builds under a set of variations: this module runs no builder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from .errors import BuilderFailed, LimitExceeded, MissingOutput
from .variation import minimal_set, refined

if TYPE_CHECKING:
    from ..store.path import StorePath
    from .errors import BuildError

Made = Mapping[str, "StorePath"]
Attempt = Callable[[tuple[str, ...]], Made]
Cause = Literal["nothing", "itself", "the first build", "clock", "variations"]
STOPPED: tuple[str, ...] = ("stopped-clock",)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check.

    `cause`: "nothing" differs; the output differs by "itself", each time; only "the first build" differs from the later ones;
    the "clock": builds with a stopped clock are equal; the output depends on `variations`, a minimal set. `differing`: the
    outputs of a differing build; None if that build failed with `failure`. `builds`: number of builds run. `unvaried`:
    variations that could not be applied.
    """

    cause: Cause
    reference: Made
    builds: int
    variations: tuple[str, ...] = ()
    differing: Made | None = None
    failure: BuildError | None = None
    unvaried: tuple[str, ...] = ()


class ReproducibilityCheck:
    """A check of one derivation.

    `reference`: its earlier outputs. `attempt` adds the variations that it could not apply to `unvaried`. `on_build` is
    called before each build, with its variations.
    """

    def __init__(
        self,
        attempt: Attempt,
        reference: Made,
        on_build: Callable[[tuple[str, ...]], None] | None = None,
        unvaried: Set[str] = frozenset(),
    ) -> None:
        self._attempt = attempt
        self._unvaried = unvaried
        self._reference = dict(reference)
        self._on_build = on_build
        self._builds = 0
        self._last: Made | None = None
        self._failure: BuildError | None = None

    def run(self, rounds: int, variations: Sequence[str]) -> Verdict:
        """Build at most once per round without variations, once with all of them, and as often as the search needs."""
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
        if self._on_build is not None:
            self._on_build(names)
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
        """Classify a difference without variations. If only the first build differs, the next one becomes the reference."""
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

        smallest = refined(minimal_set(names, differs), differs)
        if found.variations != smallest:
            differs(smallest)
        if self._differs(()):
            # The difference is random: it occurs without variations, too.
            return self._verdict("itself")
        return Verdict("variations", found.reference, self._builds, smallest, found.differing, found.failure)
