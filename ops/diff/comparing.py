"""Compare what two words name."""

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
    """Compare two packages, stages, sets or objects; nothing is built.

    `before` and `after` are attribute paths of the expression that `request` names (default: the bundled set, or the
    project here), store paths, result links, or lock files of seeds. `levels` and `everything`: as in
    `compare_subjects`. Raises `RequestError`, `EvalError`.
    """
    knowledge = BuildTraceCache(session.store)
    one, other = subjects(session, request or Request(), (before, after), knowledge)
    return compare_subjects(session.store, knowledge, one, other, levels, everything)
