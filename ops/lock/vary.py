"""`chx lock check --vary`: find out whether a pinned output depends on its build environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...builder import VARIATIONS, ReproducibilityCheck
from ..reproduction import exemption
from ..text import title
from .attributes import realise_all
from .errors import VARIES, LockError

if TYPE_CHECKING:
    from ...builder import BuildOptions, Verdict
    from ...store import StorePath
    from ..reporter import Reporter
    from ..session import Session
    from ..targets import Target
    from .document import Pin


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a difference: see `Verdict` of the builder."""

    kind: str
    variations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """The outputs under variations, and the reason of the difference as a phrase."""

    built: Mapping[str, StorePath]
    cause: Cause
    reason: str


def build_varied(
    session: Session, item: Target, pin: Pin, names: tuple[str, ...], options: BuildOptions, reporter: Reporter
) -> Variant | None:
    """Rebuild a pinned package unchanged, then under the variations `names`; None if all outputs equal the pin.

    Raises `LockError` if a build under variations fails.
    """
    if exemption(session.store, item.derivation) is not None:
        return None
    options = replace(options, rebuild=True, jobs=1)

    def attempt(chosen: tuple[str, ...]) -> Mapping[str, StorePath]:
        return realise_all(session, [item], replace(options, variations=chosen), reporter)[item.derivation]

    def announce(chosen: tuple[str, ...]) -> None:
        how = f", varied: {', '.join(chosen)}" if chosen else ", as it was"
        reporter.notice(f"{title(item.derivation)} once more{how}")

    pinned = {output: pin.outputs[output].path for output in item.outputs if output in pin.outputs}
    verdict = ReproducibilityCheck(attempt, pinned, announce).run(1, names)
    if verdict.cause == "nothing":
        return None
    cause, reason = Cause(verdict.cause, verdict.variations), _reason(verdict)
    if verdict.failure is not None:
        raise LockError(
            VARIES, f"'{item.attribute}' cannot be built otherwise: {verdict.failure.message}",
            hint=reason, details=[f"  | {line}" for line in verdict.failure.tail[-5:]],
        )  # fmt: skip
    return Variant(verdict.differing or {}, cause, reason)


def _reason(verdict: Verdict) -> str:
    match verdict.cause:
        case "variations":
            what = " together with ".join(VARIATIONS[part].what for part in verdict.variations)
            return f"it depends on {what} (--vary {','.join(verdict.variations)})"
        case "clock":
            return "it depends on the time at which it is built"
        case "the first build":
            return "it comes out the same each time here, and otherwise than it was pinned"
    return "it differs by itself, each time that it is built"
