"""The running evaluation.

Coercing a path copies it to the store, possibly deep in an operator of generated code. Passing the world to every
operation would cost time in each, so this module holds the running evaluator; `Evaluator` sets it on entry.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .evaluator import Evaluator
    from .world import World


_running: list[Evaluator] = []


def enter(evaluator: Evaluator) -> Evaluator | None:
    """Make `evaluator` the running one; returns the one before."""
    before = _running[0] if _running else None
    _running[:] = [evaluator]
    return before


def leave(before: Evaluator | None) -> None:
    """Undo `enter`."""
    _running[:] = [] if before is None else [before]


def evaluator() -> Evaluator:
    """Return the running evaluator."""
    return _running[0]


def world() -> World:
    """Return the world of the running evaluator."""
    return _running[0].world
