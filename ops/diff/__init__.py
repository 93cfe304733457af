"""Compare objects, packages, stages and lock files (docs/diff.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .attribution import Attribution
    from .comparing import compare
    from .comparison import Comparison, Level, MemberChange, ObjectReport
    from .rebuild import Reason, Rebuild, explain

_ORIGINS = {
    ".comparing": "compare",
    ".comparison": "Comparison Level MemberChange ObjectReport",
    ".attribution": "Attribution",
    ".rebuild": "Reason Rebuild explain",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "Attribution",
    "Comparison",
    "Level",
    "MemberChange",
    "ObjectReport",
    "Reason",
    "Rebuild",
    "compare",
    "explain",
]
