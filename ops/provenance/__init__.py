"""Provenance of objects: signed statements and bills of materials."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .documents import SignedStatement, attest, bill_of_materials, check_statements
    from .verify import Verified

_ORIGINS = {
    ".documents": "SignedStatement attest bill_of_materials check_statements",
    ".verify": "Verified",
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
    "SignedStatement",
    "Verified",
    "attest",
    "bill_of_materials",
    "check_statements",
]
