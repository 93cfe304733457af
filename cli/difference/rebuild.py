"""Why something would be rebuilt: each step of the plan beside the last build of the same thing.

Nothing is built. A step is *the cause* of a rebuild if it differs in itself from what was built before, was
never built, or if its output is gone; other steps only follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .knowledge import Knowledge
from .page import Page, count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...builder import Step
    from ...store import Derivation, Store, StorePath
    from ...store.difference import Cause, OwnDifference

Verdict = Literal["changed", "removed", "never built", "input changed", "waits"]
CANDIDATES: Final = 4
"""Earlier builds of one name that are looked at; stages of a bootstrap share names."""
SHOWN: Final = 15


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one step is in the plan. `verdict`:

    `changed`: the derivation itself differs from the earlier build `previous`, as `own` says. `removed`: its output
    was built, and is not in the store any more. `never built`: nothing of this name was. `input changed`: it is
    as before, but an input that is built came out otherwise; `causes` are the root causes of that, none if the
    input came out otherwise without any. `waits`: it is as before, and only inputs that are steps themselves
    may change it.

    `waits_for` are the steps among its inputs, whatever the verdict. `is_certain`: it will be built however these
    come out.
    """

    derivation: StorePath
    verdict: Verdict
    is_fetch: bool
    is_certain: bool
    waits_for: tuple[StorePath, ...]
    previous: StorePath | None = None
    own: OwnDifference | None = None
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuild:
    """`targets` that were asked for; `reasons`, inputs before what needs them. None: nothing would be built."""

    targets: tuple[StorePath, ...]
    reasons: tuple[Reason, ...]


def explain(store: Store, targets: Iterable[tuple[StorePath, Iterable[str]]]) -> Rebuild:
    """Plan, and say for each step why. Raises `BuildError`."""
    from ...builder.plan import plan  # the window may show the module of that name

    wanted = [(path, tuple(outputs)) for path, outputs in targets]
    steps = plan(store, wanted).steps
    names = tuple(dict.fromkeys(path for path, _ in wanted))
    if not steps:
        return Rebuild(names, ())
    return Rebuild(names, _Explaining(store, names, steps).reasons())


class _Explaining:
    def __init__(self, store: Store, targets: tuple[StorePath, ...], steps: tuple[Step, ...]) -> None:
        self._store = store
        self._steps = {step.path: step for step in steps}
        self._knowledge = Knowledge(store)
        self._knowledge.learn(targets)

    def reasons(self) -> tuple[Reason, ...]:
        earlier = self._earlier()
        previous = {path: self._nearest(step.derivation, earlier[path]) for path, step in self._steps.items()}
        self._knowledge.learn(found[0] for found in previous.values() if found is not None)
        return tuple(self._reason(step, earlier[path], previous[path]) for path, step in self._steps.items())

    def _earlier(self) -> dict[StorePath, list[StorePath]]:
        """For each step derivations of its name that were built, the last one first; else those of its package."""
        from ...store.difference import split_name

        by_name: dict[str, list[StorePath]] = {}
        by_package: dict[str, list[StorePath]] = {}
        for path in self._store.realised_derivations():
            by_name.setdefault(path.name, []).append(path)
            by_package.setdefault(split_name(path.name.removesuffix(".drv")).package, []).append(path)
        return {
            path: by_name.get(path.name) or by_package.get(split_name(path.name.removesuffix(".drv")).package, [])
            for path in self._steps
        }

    def _nearest(self, derivation: Derivation, earlier: list[StorePath]) -> tuple[StorePath, OwnDifference] | None:
        """The earlier build that differs least; of equals the last one."""
        from ...store.difference import compare_derivations

        found: list[tuple[int, int, StorePath, OwnDifference]] = []
        there = (path for path in earlier if self._store.is_valid(path))
        for number, path in zip(range(CANDIDATES), there):
            own = compare_derivations(self._knowledge.read(path), derivation)
            weight = 100 * (len(own.attributes) + len(own.inputs) + len(own.sources)) + len(own.pairs)
            found.append((weight, number, path, own))
        if not found:
            return None
        _, _, path, own = min(found, key=lambda item: item[:2])
        return path, own

    def _reason(self, step: Step, earlier: list[StorePath], previous: tuple[StorePath, OwnDifference] | None) -> Reason:
        def reason(verdict: Verdict, own: OwnDifference | None = None, causes: tuple[Cause, ...] = ()) -> Reason:
            return Reason(
                step.path,
                verdict,
                step.lane.value == "fetch",
                step.is_certain,
                step.needs,
                None if previous is None else previous[0],
                own,
                causes,
            )

        if all((step.path, output) in self._knowledge.outputs for output in step.derivation.outputs):
            return reason("removed")
        if previous is None:
            # A build whose derivation is gone is a build all the same, but there is nothing to compare with.
            return reason("never built" if step.path not in earlier else "removed")
        if not previous[1].is_empty:
            return reason("changed", previous[1])
        causes = self._causes(previous[1])
        if causes or not step.needs:
            return reason("input changed", causes=causes)
        return reason("waits")

    def _causes(self, own: OwnDifference) -> tuple[Cause, ...]:
        """Root causes of inputs that are built and came out otherwise."""
        from ...store.difference import compare_graphs

        tops = [
            (pair.before.path, pair.after.path)
            for pair in own.pairs
            if pair.after.path not in self._steps
            and not self._knowledge.same_output(pair.before.path, pair.after.path, pair.after.output or "out")
        ]
        return compare_graphs(self._knowledge.read, tops, self._knowledge.same_output).effective if tops else ()


def draw_rebuild(page: Page, found: Rebuild) -> None:
    """Root causes first, then what only follows."""
    if not found.reasons:
        _draw_no_rebuild(page, found)
        return
    by_path = {reason.derivation: reason for reason in found.reasons}
    for target in found.targets:
        reason = by_path.get(target)
        if reason is None:
            page.title(f"{title(target)} would not be rebuilt")
        elif reason.verdict == "waits":
            page.title(f"{title(target)} would be rebuilt if an input comes out otherwise than before")
        else:
            page.title(f"{title(target)} would be {'fetched' if reason.is_fetch else 'built'}")
    _draw_changed(page, [reason for reason in found.reasons if reason.verdict in ("changed", "input changed")])
    _draw_names(
        page, found, "removed", "their outputs were removed and are needed", "its output was removed and is needed"
    )
    _draw_names(page, found, "never built", "never built before", "never built before")
    _draw_waiting(page, [reason for reason in found.reasons if reason.verdict == "waits"])
    if any(reason.waits_for and reason.verdict != "never built" for reason in found.reasons):
        page.dim("An input that comes out equal to before stops the rebuild there (early cutoff).", 0)


def _draw_no_rebuild(page: Page, found: Rebuild) -> None:
    names = ", ".join(map(title, found.targets[:SHOWN]))
    more = f" and {len(found.targets) - SHOWN} more" if len(found.targets) > SHOWN else ""
    page.title(f"{names}{more} would not be rebuilt")


def _draw_changed(page: Page, reasons: list[Reason]) -> None:
    shown = page.limit(len(reasons), SHOWN)
    for reason in reasons[:shown]:
        if reason.verdict == "changed" and reason.own is not None:
            from .attributes import draw_own, summary

            page.strong(f"{title(reason.derivation)}: {summary(reason.own)} changed{_waits(reason)}")
            draw_own(page, reason.own, 2, {})
        else:
            _draw_input_changed(page, reason)
    if shown < len(reasons):
        page.more(len(reasons) - shown, 1)


def _draw_input_changed(page: Page, reason: Reason) -> None:
    from .attributes import draw_own

    if not reason.causes:
        page.strong(f"{title(reason.derivation)}: an input came out otherwise than at the last build{_waits(reason)}")
        return
    page.strong(
        f"{title(reason.derivation)}: inputs are built that differ from those of the last build{_waits(reason)}"
    )
    for cause in reason.causes[: page.limit(len(reason.causes), 5)]:
        page.line(" > ".join((title(reason.derivation), *cause.chain)), 2)
        draw_own(page, cause.own, 3, {})


def _waits(reason: Reason) -> str:
    return f"; also waits for {_list(map(title, reason.waits_for), 4)}" if reason.waits_for else ""


def _draw_names(page: Page, found: Rebuild, verdict: Verdict, many: str, one: str) -> None:
    reasons = [reason for reason in found.reasons if reason.verdict == verdict]
    for is_fetch in (False, True):
        names = [title(reason.derivation) for reason in reasons if reason.is_fetch == is_fetch]
        told = (one if len(names) == 1 else many).replace("built", "fetched" if is_fetch else "built")
        if names:
            shown = names if page.is_full else names[: page.limit(len(names), SHOWN)]
            page.line(f"{', '.join(shown)}: {told}" if len(names) == len(shown) else f"{', '.join(shown)}, ...: {told}")
            if len(shown) < len(names):
                page.more(len(names) - len(shown), 2)


def _draw_waiting(page: Page, reasons: list[Reason]) -> None:
    shown = page.limit(len(reasons), SHOWN)
    for reason in reasons[:shown]:
        page.line(f"{title(reason.derivation)}: only waits for {_inputs(reason.waits_for)}")
    if shown < len(reasons):
        page.more(len(reasons) - shown, 1, "that only wait for inputs")


def _inputs(paths: tuple[StorePath, ...]) -> str:
    return f"{'input' if len(paths) == 1 else 'inputs'}: {_list(map(title, paths), 6)}"


def _list(names: Iterable[str], most: int) -> str:
    found = sorted(names)
    if len(found) <= most + 1:
        return ", ".join(found)
    return f"{', '.join(found[:most])} and {count(len(found) - most, 'other')}"


def title(path: StorePath) -> str:
    """The name of a derivation."""
    return path.name.removesuffix(".drv")
