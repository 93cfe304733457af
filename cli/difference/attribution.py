"""`chx diff --attribute`: which single difference of two derivations makes the output change.

Each difference by itself is put into the first derivation, which is then built. Both derivations and all of
their inputs are built before, so that the variants differ in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import CommandError
from .knowledge import Knowledge
from .page import Page, count
from .subject import Thing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...builder import BuildOptions
    from ...store import Derivation, Store, StorePath
    from ...store.difference import Aspect
    from ..lines import Lines
    from .subject import Subject

    Outputs = dict[tuple[StorePath, str], StorePath]

Verdict = Literal["changes the output", "changes nothing", "does not build", "is the same object"]


@dataclass(frozen=True, slots=True)
class Attributed:
    """What one aspect does: how many paths of the outputs differ, and why it does not build if it does not."""

    aspect: str
    verdict: Verdict
    files: int
    outputs: dict[str, StorePath]
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """`outputs_after` is None, and `message` says why, if the second does not build. `is_equal`: all outputs are the same."""

    before: str
    after: str
    outputs_before: dict[str, StorePath]
    outputs_after: dict[str, StorePath] | None
    message: str | None
    is_equal: bool
    aspects: tuple[Attributed, ...]


def attribute(store: Store, before: Subject, after: Subject, options: BuildOptions, reporter: Lines) -> Attribution:
    """Build what it takes to know. Raises `CommandError`, `BuildError`."""
    from dataclasses import replace

    from ...store.difference import aspects

    one, other = _derivation(store, before), _derivation(store, after)
    old, new = store.derivation(one), store.derivation(other)
    if old.fixed is not None:
        raise CommandError(
            f"'{before.text}' is a fixed output: its content is promised, whatever the rest says",
            hint="compare it with --level inputs",
        )
    attributing = _Attributing(store, replace(options, keep_going=True), reporter)
    return attributing.run((before.text, after.text), (one, old), (other, new), aspects(old, new))


def _derivation(store: Store, subject: Subject) -> StorePath:
    if isinstance(subject, Thing) and subject.derivation is not None:
        return subject.derivation
    raise CommandError(f"--attribute needs two derivations, and '{subject.text}' is none")


class _Attributing:
    """One run: realises with the options of the command line."""

    def __init__(self, store: Store, options: BuildOptions, reporter: Lines) -> None:
        self._store, self._options, self._reporter = store, options, reporter

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
        idle = {
            aspect.name
            for aspect in aspects
            if aspect.inputs is not None and known.get(aspect.inputs[0]) == known.get(aspect.inputs[1])
        }
        wanted = [(variants[aspect.name], aspect.derivation) for aspect in aspects if aspect.name not in idle]
        failures = self._try([after, *wanted])
        new = self._outputs(*after)
        found = tuple(
            Attributed(aspect.name, "is the same object", 0, old)
            if aspect.name in idle
            else self._judge(aspect, old, self._outputs(variants[aspect.name], aspect.derivation), failures, variants)
            for aspect in aspects
        )
        return Attribution(*names, old, new, failures.get(after[0]), old == new, found)

    def _realise(self, items: Iterable[tuple[StorePath, Derivation | tuple[str, ...]]]) -> Outputs:
        from ...store import Derivation
        from ..realise import realise

        targets = [(path, item.outputs if isinstance(item, Derivation) else item) for path, item in items]
        return realise(self._store, targets, self._options, self._reporter)

    def _try(self, items: list[tuple[StorePath, Derivation]]) -> dict[StorePath, str]:
        """Build as many as can be built; why the others cannot."""
        from ...builder import BuildError, Cancelled

        failures: dict[StorePath, str] = {}
        try:
            self._realise(items)
        except Cancelled:
            raise
        except BuildError as error:
            for failure in getattr(error, "failures", (error,)):
                if failure.derivation is not None:
                    failures[failure.derivation] = failure.message
            # What was wrong with one of them before anything was built has kept the others from being tried.
            for item in items:
                if item[0] not in failures and self._outputs(*item) is None:
                    failures |= {item[0]: error.message} if len(items) == 1 else self._try([item])
        return failures

    def _outputs(self, path: StorePath, derivation: Derivation) -> dict[str, StorePath] | None:
        """The outputs of a derivation, if all are there."""
        knowledge = Knowledge(self._store)
        knowledge.learn([path])
        known = knowledge.outputs
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
        """Paths that differ in more than hashes of store paths."""
        from ...store.difference import HashChange, compare_contents, compare_objects

        return sum(
            not (
                change.has_both_contents
                and isinstance(compare_contents(self._store, before, after, change.path), HashChange)
            )
            for change in compare_objects(self._store, before, after).files
        )


def draw_attribution(page: Page, found: Attribution) -> None:
    """What matters first."""
    page.title(f"{found.before} -> {found.after}: {_told(found)}")
    for item in found.aspects:
        if item.verdict == "changes the output":
            page.changed(f"{item.aspect}: changes the output ({_extent(item)})")
    for item in found.aspects:
        if item.verdict == "does not build":
            page.removed(f"{item.aspect}: does not build{': ' + item.message if item.message else ''}")
    for item in found.aspects:
        if item.verdict == "changes nothing":
            page.line(f"  {item.aspect}: changes nothing")
        elif item.verdict == "is the same object":
            page.line(f"  {item.aspect}: is built otherwise and came out the same")
    if found.outputs_after is None:
        page.dim(f"{found.after} itself does not build{': ' + found.message if found.message else ''}")
    elif not found.is_equal and not any(item.verdict == "changes the output" for item in found.aspects):
        page.dim("no single difference changes the output: several do together")


def _extent(item: Attributed) -> str:
    return count(item.files, "path") if item.files else "in hashes of store paths alone"


def _told(found: Attribution) -> str:
    if not found.aspects:
        return "the derivations do not differ"
    if found.is_equal:
        return "the outputs are equal; each difference by itself"
    return f"{count(len(found.aspects), 'difference')}, each by itself"
