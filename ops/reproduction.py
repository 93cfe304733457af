"""Build a derivation again, unchanged and under variations, and compare the outputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..builder import USUAL, VARIATIONS, ReproducibilityCheck, recall
from ..builder.resolution import resolve
from .errors import RequestError
from .reporter import Forwarding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..builder import BuildOptions, Verdict
    from ..store import Realisation, Store, StorePath
    from .reporter import Reporter
    from .session import Session


class Reproduced(NamedTuple):
    """The verdict on a derivation, and the rows of earlier builds whose outputs differ from its reference."""

    verdict: Verdict
    earlier: list[Realisation]

    @property
    def holds(self) -> bool:
        """Whether the new builds and all recorded ones gave the reference."""
        return self.verdict.cause == "nothing" and not self.earlier


def variations_named(text: str | None) -> tuple[str, ...]:
    """Parse a list of names of variations; `all` stands for the usual ones. Raises `RequestError`."""
    if text is None:
        return ()
    names: list[str] = []
    for word in text.replace(",", " ").split():
        if word == "all":
            names += USUAL
        elif word in VARIATIONS:
            names.append(word)
        else:
            raise RequestError(f"there is no variation '{word}'", hint=f"known are all, {', '.join(VARIATIONS)}")
    return tuple(dict.fromkeys(names))


def exemption(store: Store, derivation: StorePath) -> str | None:
    """Return why a rebuild of a derivation proves nothing; None if it proves something."""
    read = store.derivation(derivation)
    if read.fixed is not None:
        return "its content is promised by a hash"
    return "chx itself builds it" if read.builder.startswith("builtin:") else None


class _Attempt(Forwarding):
    """Collects variations that this machine does not support."""

    def __init__(self, to: Reporter, unvaried: set[str]) -> None:
        super().__init__(to)
        self._unvaried = unvaried

    def unvaried(self, derivation: StorePath, variation: str) -> None:
        self._unvaried.add(variation)
        self._to.unvaried(derivation, variation)


def reproduce(
    session: Session,
    derivation: StorePath,
    reference: Mapping[str, StorePath],
    options: BuildOptions,
    reporter: Callable[[], Reporter],
    rounds: int = 1,
    variations: tuple[str, ...] = (),
    beginning: Callable[[tuple[str, ...]], None] = lambda chosen: None,
) -> Reproduced:
    """Build a derivation `rounds` times more, then under `variations`, and compare with `reference`, by output.

    `reporter` returns a reporter for each build; `beginning` is called before each build with its variations. The
    verdict includes failed builds. Raises `BuildError` for failures of the machine.
    """
    options = replace(options, rebuild=True, jobs=1)
    earlier = _differing_rows(session.store, derivation, reference)
    unvaried: set[str] = set()

    def attempt(chosen: tuple[str, ...]) -> Mapping[str, StorePath]:
        target = [(derivation, tuple(reference))]
        made = session.realise(target, replace(options, variations=chosen), _Attempt(reporter(), unvaried))
        return {output: path for (_, output), path in made.items()}

    return Reproduced(ReproducibilityCheck(attempt, reference, beginning, unvaried).run(rounds, variations), earlier)


def _differing_rows(store: Store, derivation: StorePath, reference: Mapping[str, StorePath]) -> list[Realisation]:
    """Return the build trace rows of the same resolved derivation whose outputs differ from `reference`."""
    found = recall(store, [derivation])
    resolved = resolve(found.derivations[derivation], found.outputs).resolved_digest()
    return [row for row in store.realisations(resolved) if row.path != reference.get(row.output, row.path)]
