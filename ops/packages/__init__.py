"""Package sets: their packages, metadata, dependencies and faults (docs/packages.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .dependencies import Cycle, Graph, Node, cycles, graph
    from .description import Description, show
    from .facts import Facts
    from .linting import Linted, PackageReport, Tally, lint, tally
    from .listing import list_packages, search

_ORIGINS = {
    ".dependencies": "Cycle Graph Node cycles graph",
    ".description": "Description show",
    ".facts": "Facts",
    ".linting": "Linted PackageReport Tally lint tally",
    ".listing": "list_packages search",
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
    "Cycle",
    "Description",
    "Facts",
    "Graph",
    "Linted",
    "Node",
    "PackageReport",
    "Tally",
    "cycles",
    "graph",
    "lint",
    "list_packages",
    "search",
    "show",
    "tally",
]
