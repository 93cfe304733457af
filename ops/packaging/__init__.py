"""Write a package for a source: its version, hash, licence, build system and dependencies, as the tree tells them."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .expression import package_text
    from .proposal import Proposal, propose

_ORIGINS = {
    ".expression": "package_text",
    ".proposal": "Proposal propose",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = ["Proposal", "package_text", "propose"]
