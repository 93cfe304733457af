"""Compare two packages, stages, sets or objects by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..request import Request
from .comparison import compare_subjects
from .recall import BuildTraceCache
from .subject import subjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..session import Session
    from .comparison import Comparison, Level


def compare(
    session: Session,
    before: str,
    after: str,
    *,
    request: Request | None = None,
    levels: Iterable[Level] = (),
    everything: bool = False,
) -> Comparison:
    """Compare two packages, stages, sets or objects, without building.

    `before` and `after` are attribute paths of the expression that `request` names (default: the project in the
    current directory, or the bundled set), store paths, result links, or lock files of seeds. `levels` and
    `everything`: see `compare_subjects`. Raises `RequestError`, `EvalError`.
    """
    cache = BuildTraceCache(session.store)
    one, other = subjects(session, request or Request(), (before, after), cache)
    return compare_subjects(session.store, cache, one, other, levels, everything)
