"""Compare objects, packages, stages and lock files (docs/diff.md)."""

from __future__ import annotations

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


_HOMES = {name: home for home, names in _ORIGINS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home, __name__), name)
    return value


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
