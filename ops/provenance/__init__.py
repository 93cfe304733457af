"""Provenance of objects: signed statements and bills of materials."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bundle import bundle_of, public_pem
    from .documents import SignedStatement, attest, bill_of_materials, check_statements
    from .verify import Verified

_ORIGINS = {
    ".bundle": "bundle_of public_pem",
    ".documents": "SignedStatement attest bill_of_materials check_statements",
    ".verify": "Verified",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "SignedStatement",
    "Verified",
    "attest",
    "bill_of_materials",
    "bundle_of",
    "check_statements",
    "public_pem",
]
