"""Bootstraps and what they prove.

Words: a *chain* is the stages that grew from one *seed*, each a set of packages; an *outcome* is a chain
whose packages are realised. Outcomes *converge*: a chain reaches its *fixed point* (a stage that gives
itself), chains *agree* (host independence), and what is left of a seed in the end is its *residue*.
A *proof* is all that as a document that another machine can *replay*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .chain import Chain, Half, Outcome, Package, made_on_the_way, outcome_of, targets_of
    from .convergence import Agreement, Dissent, FixedPoint, Row, agreement, fixed_point, rows
    from .document import Proof, ProofRefused
    from .residue import Residue, find_residue
    from .verdict import Verdicts, judge

_HOMES = {
    "Agreement": "convergence",
    "Chain": "chain",
    "Dissent": "convergence",
    "FixedPoint": "convergence",
    "Half": "chain",
    "Outcome": "chain",
    "Package": "chain",
    "Proof": "document",
    "ProofRefused": "document",
    "Residue": "residue",
    "Row": "convergence",
    "Verdicts": "verdict",
    "agreement": "convergence",
    "find_residue": "residue",
    "fixed_point": "convergence",
    "judge": "verdict",
    "made_on_the_way": "chain",
    "outcome_of": "chain",
    "rows": "convergence",
    "targets_of": "chain",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


__all__ = [
    "Agreement",
    "Chain",
    "Dissent",
    "FixedPoint",
    "Half",
    "Outcome",
    "Package",
    "Proof",
    "ProofRefused",
    "Residue",
    "Row",
    "Verdicts",
    "agreement",
    "find_residue",
    "fixed_point",
    "judge",
    "made_on_the_way",
    "outcome_of",
    "rows",
    "targets_of",
]
