"""Package sets: their packages, metadata, dependencies and faults (docs/packages.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .base import BasePackage, base_packages
    from .dependencies import Cycle, Graph, Node, cycles, graph
    from .description import Description, show
    from .facts import Facts
    from .linting import Linted, PackageReport, Tally, lint, tally
    from .listing import list_packages, search

_ORIGINS = {
    ".base": "BasePackage base_packages",
    ".dependencies": "Cycle Graph Node cycles graph",
    ".description": "Description show",
    ".facts": "Facts",
    ".linting": "Linted PackageReport Tally lint tally",
    ".listing": "list_packages search",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "BasePackage",
    "Cycle",
    "Description",
    "Facts",
    "Graph",
    "Linted",
    "Node",
    "PackageReport",
    "Tally",
    "base_packages",
    "cycles",
    "graph",
    "lint",
    "list_packages",
    "search",
    "show",
    "tally",
]
