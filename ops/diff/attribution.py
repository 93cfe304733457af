"""`chx diff --attribute`: find the differences of two derivations that change the output.

For each difference, chx builds a variant of the first derivation with that difference alone. It builds both
derivations and all their inputs first, so that the variants differ in nothing else. Then it searches for the smallest
set of differences that gives the output of the second derivation (`explanation.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...builder import BuildError, Cancelled, SeveralFailures
from ...store import Derivation
from ...store.difference import HashChange, compare_contents, compare_objects
from ..errors import RequestError
from .explanation import Search
from .recall import BuildTraceCache
from .subject import PackageSubject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ...builder import BuildOptions
    from ...store import Derivation, Store, StorePath
    from ...store.difference import Aspect
    from ..reporter import Reporter
    from ..session import Session
    from .explanation import Explanation
    from .subject import Subject

    Outputs = dict[tuple[StorePath, str], StorePath]

MOST_ALONE = 16
"""Differences that are tried each by itself; of more, chx searches for the smallest set at once."""
DEPTH = 3
"""Levels of derivations to search: the two themselves, their inputs, and inputs of these."""
Verdict = Literal["changes the output", "changes nothing", "does not build", "is the same object", "not tried alone"]


@dataclass(frozen=True, slots=True)
class Attributed:
    """The effect of one aspect: the number of differing `files` in the outputs, or the `message` of a failed build."""

    aspect: str
    verdict: Verdict
    files: int
    outputs: dict[str, StorePath]
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """The effects of all aspects. If the second derivation fails, `outputs_after` is None and `message` is the error.

    `is_equal`: all outputs are equal.
    """

    before: str
    after: str
    outputs_before: dict[str, StorePath]
    outputs_after: dict[str, StorePath] | None
    message: str | None
    is_equal: bool
    aspects: tuple[Attributed, ...]
    explanation: Explanation | None = None
    """The smallest set of differences; None if the outputs are equal, or the second derivation fails."""


def attribute(
    session: Session, before: Subject, after: Subject, options: BuildOptions, reporter: Reporter, depth: int = DEPTH
) -> Attribution:
    """Build variants of `before` with differences of `after`, and compare their outputs.

    `depth` is the number of levels of derivations to search. Raises `RequestError`, `BuildError`.
    """
    from dataclasses import replace

    from ...store.difference import aspects

    store = session.store
    one, other = _derivation(store, before), _derivation(store, after)
    old, new = store.derivation(one), store.derivation(other)
    if old.fixed is not None:
        raise RequestError(
            f"'{before.text}' is a fixed output: its content is promised, whatever the rest says",
            hint="compare it with --level inputs",
        )
    attributing = _Attributing(session, replace(options, keep_going=True), reporter, depth)
    return attributing.run((before.text, after.text), (one, old), (other, new), aspects(old, new))


def _derivation(store: Store, subject: Subject) -> StorePath:
    if isinstance(subject, PackageSubject) and subject.derivation is not None:
        return subject.derivation
    raise RequestError(f"--attribute needs two derivations, and '{subject.text}' is none")


def _equal_inputs(aspects: Iterable[Aspect], known: Mapping[tuple[StorePath, str], StorePath]) -> set[str]:
    """Return the names of inputs that are built differently, and are equal objects."""
    return {
        aspect.name
        for aspect in aspects
        if aspect.inputs is not None and known.get(aspect.inputs[0]) == known.get(aspect.inputs[1])
    }


class _Attributing:
    """One attribution, with its build options and reporter."""

    def __init__(self, session: Session, options: BuildOptions, reporter: Reporter, depth: int) -> None:
        self._session, self._options, self._reporter = session, options, reporter
        self._depth = depth
        self._store = session.store

    def run(
        self,
        names: tuple[str, str],
        before: tuple[StorePath, Derivation],
        after: tuple[StorePath, Derivation],
        aspects: tuple[Aspect, ...],
    ) -> Attribution:
        inputs = [item for _, derivation in (before, after) for item in derivation.input_drvs.items()]
        known = self._realise([before, *inputs])
        old = {output: known[before[0], output] for output in before[1].outputs}
        variants = {aspect.name: self._store.add_derivation(aspect.derivation) for aspect in aspects}
        idle = _equal_inputs(aspects, known)
        alone = [aspect for aspect in aspects if aspect.name not in idle]
        skipped = {aspect.name for aspect in alone} if len(alone) > MOST_ALONE else set()
        buildable = [(variants[aspect.name], aspect.derivation) for aspect in alone if aspect.name not in skipped]
        failures = self._try([after, *buildable])
        new = self._outputs(*after)
        found = tuple(
            Attributed(aspect.name, "is the same object", 0, old)
            if aspect.name in idle
            else Attributed(aspect.name, "not tried alone", 0, {})
            if aspect.name in skipped
            else self._judge(aspect, old, self._outputs(variants[aspect.name], aspect.derivation), failures, variants)
            for aspect in aspects
        )
        explanation = None
        if new is not None and new != old:
            likely = None if skipped else {item.aspect for item in found if item.verdict == "changes the output"}
            explanation = Search(self._store, self, new, self._depth).explain(before[0], after[0], likely)
        return Attribution(*names, old, new, failures.get(after[0]), old == new, found, explanation)

    def built(self, path: StorePath, derivation: Derivation) -> dict[str, StorePath] | None:
        """Build a variant; return its outputs, None if it fails."""
        found = self._outputs(path, derivation)
        if found is None:
            self._try([(path, derivation)])
            found = self._outputs(path, derivation)
        return found

    def idle(self, found: Collection[Aspect]) -> set[str]:
        """Build the inputs of aspects; return the names of those that are equal."""
        pairs = [aspect.inputs for aspect in found if aspect.inputs is not None]
        known = self._realise([(path, (output,)) for pair in pairs for path, output in pair])
        return _equal_inputs(found, known)

    def _realise(self, items: Iterable[tuple[StorePath, Derivation | tuple[str, ...]]]) -> Outputs:
        targets = [(path, item.outputs if isinstance(item, Derivation) else item) for path, item in items]
        return self._session.realise(targets, self._options, self._reporter)

    def _try(self, items: list[tuple[StorePath, Derivation]]) -> dict[StorePath, str]:
        """Build as many derivations as possible; return the messages of the failures."""
        failures: dict[StorePath, str] = {}
        try:
            self._realise(items)
        except Cancelled:
            raise
        except BuildError as error:
            for failure in error.failures if isinstance(error, SeveralFailures) else (error,):
                if failure.derivation is not None:
                    failures[failure.derivation] = failure.message
            # An error in planning one derivation prevents the others from being tried.
            for item in items:
                if item[0] not in failures and self._outputs(*item) is None:
                    failures |= {item[0]: error.message} if len(items) == 1 else self._try([item])
        return failures

    def _outputs(self, path: StorePath, derivation: Derivation) -> dict[str, StorePath] | None:
        """Return the outputs of a derivation; None if one is missing."""
        cache = BuildTraceCache(self._store)
        cache.load([path])
        known = cache.outputs
        found = {output: known[path, output] for output in derivation.outputs if (path, output) in known}
        complete = len(found) == len(derivation.outputs) and all(map(self._store.is_valid, found.values()))
        return found if complete else None

    def _judge(
        self,
        aspect: Aspect,
        old: dict[str, StorePath],
        new: dict[str, StorePath] | None,
        failures: dict[StorePath, str],
        variants: dict[str, StorePath],
    ) -> Attributed:
        if new is None:
            return Attributed(aspect.name, "does not build", 0, {}, failures.get(variants[aspect.name]))
        if new == old:
            return Attributed(aspect.name, "changes nothing", 0, new)
        files = sum(self._count(old[output], new[output]) for output in old if output in new)
        return Attributed(aspect.name, "changes the output", files, new)

    def _count(self, before: StorePath, after: StorePath) -> int:
        """Count the paths that differ in more than hashes of store paths."""
        return sum(
            not (
                change.has_both_contents
                and isinstance(compare_contents(self._store, before, after, change.path), HashChange)
            )
            for change in compare_objects(self._store, before, after).files
        )
