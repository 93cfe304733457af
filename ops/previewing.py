"""Preview a build: its plan, its substitutions and the reasons of its steps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ..builder import Lane, expected, plan, remaining
from .building import verifier_of
from .diff.rebuild import explain
from .instantiation import instantiate
from .settings import configured

if TYPE_CHECKING:
    from ..builder import BuildOptions, Plan, Step
    from ..store import StorePath
    from .diff.rebuild import Rebuild
    from .reporter import Reporter
    from .request import Request
    from .session import Session
    from .targets import Target


class Preview(NamedTuple):
    """A planned build.

    `pinned` are targets whose pinned outputs are in the store, `substitutable` those whose pinned outputs chx would
    ask caches for. `plan` has the steps if no cache has them, `rebuild` their reasons. `seconds` is the expected
    duration of the steps; None if none of them was built before.
    """

    pinned: tuple[Target, ...]
    substitutable: tuple[Target, ...]
    plan: Plan
    rebuild: Rebuild
    seconds: float | None

    @property
    def fetches(self) -> list[Step]:
        return list(self.plan.fetches)

    @property
    def unpacked(self) -> list[Step]:
        """Builds by builtin builders."""
        return [step for step in self.plan.builds if step.derivation.builder.startswith("builtin:")]

    @property
    def builds(self) -> list[Step]:
        """Builds in the sandbox."""
        return [step for step in self.plan.builds if not step.derivation.builder.startswith("builtin:")]

    @property
    def waiting(self) -> set[StorePath]:
        """Derivations that will be built only if an input differs from that of their last build."""
        return {reason.derivation for reason in self.rebuild.reasons if reason.verdict == "waits"}


def preview(
    session: Session, request: Request, options: BuildOptions | None = None, notices: Reporter | None = None
) -> Preview:
    """Plan what `build` would do, without building or fetching.

    Raises `RequestError`, `LangError`, `EvalError`, `BuildError`, `LockError`.
    """
    options = options or configured()
    store = session.store
    found = instantiate(session, request)
    targets = found.distinct
    pinned: list[Target] = []
    substitutable: list[Target] = []
    verifier = verifier_of(session, request, found, options, notices or session.reporter)
    for target, pin in verifier.substitutable() if verifier is not None else ():
        if all(store.is_valid(pin.outputs[name].path) for name in target.outputs):
            pinned.append(target)
        elif options.caches:
            substitutable.append(target)
    done = {(target.derivation, target.outputs) for target in pinned}
    wanted = [
        (target.derivation, target.outputs) for target in targets if (target.derivation, target.outputs) not in done
    ]
    decided = plan(store, wanted)
    return Preview(
        tuple(pinned), tuple(substitutable), decided, explain(store, wanted), _expected_seconds(decided, options)
    )


def _expected_seconds(decided: Plan, options: BuildOptions) -> float | None:
    if not any(step.path.name in decided.remembered for step in decided.steps):
        return None
    slots = {Lane.BUILD: options.jobs or len(os.sched_getaffinity(0)), Lane.FETCH: options.fetches}
    return remaining(decided.steps, expected(decided.steps, decided.remembered), {}, slots)
