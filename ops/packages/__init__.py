"""Package sets: their packages, metadata, dependencies and faults (docs/packages.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .base import BasePackage, base_packages
    from .bulk import Bulk, BulkReport, FailedStep, PackageStatus, build_all
    from .dependencies import Cycle, Graph, Node, cycles, graph
    from .description import Description, show
    from .facts import Facts
    from .linting import Linted, PackageReport, Tally, lint, tally
    from .listing import list_packages, search

_ORIGINS = {
    ".base": "BasePackage base_packages",
    ".bulk": "Bulk BulkReport FailedStep PackageStatus build_all",
    ".dependencies": "Cycle Graph Node cycles graph",
    ".description": "Description show",
    ".facts": "Facts",
    ".linting": "Linted PackageReport Tally lint tally",
    ".listing": "list_packages search",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "BasePackage",
    "Bulk",
    "BulkReport",
    "Cycle",
    "Description",
    "Facts",
    "FailedStep",
    "Graph",
    "Linted",
    "Node",
    "PackageReport",
    "PackageStatus",
    "Tally",
    "base_packages",
    "build_all",
    "cycles",
    "graph",
    "lint",
    "list_packages",
    "search",
    "show",
    "tally",
]
