"""Bootstraps and what they prove.

Terms: a *chain* is the stages built from one *seed*; each stage is a set of packages. An *outcome* is a chain
whose packages are realised. A chain reaches its *fixed point* if a stage reproduces itself. Chains *agree* if
their last stages are equal (host independence). *Residue* is what the last stage contains of its seed.
A *proof* is a document with all of this that another machine can *replay*; a *bundle* holds its fetched inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import window

if TYPE_CHECKING:
    from .bundle import BundleRefused, Loaded, load_bundle, write_bundle
    from .chain import Chain, Outcome, Package, SeedPart, made_on_the_way, outcome_of, targets_of, witnesses
    from .convergence import Agreement, Dissent, FixedPoint, Row, agreement, fixed_point, rows
    from .crossing import Crossed, Divergence
    from .evidence import check_contents, check_evidence, check_objects
    from .kinship import Kinship, Makeup, Program, Shared, kinship_of
    from .proof import Claims, Proof, ProofRefused
    from .replaying import Deviation, Replayed, read_proof, replay
    from .report import BootstrapReport
    from .residue import Residue, find_residue
    from .running import Finished, run
    from .shape import ShapeRefused, check_shape
    from .suspicion import Suspicion, suspicions
    from .verdict import Verdicts, everything_below, judge

_ORIGINS = {
    ".bundle": "BundleRefused Loaded load_bundle write_bundle",
    ".chain": "Chain SeedPart Outcome Package made_on_the_way outcome_of targets_of witnesses",
    ".convergence": "Agreement Dissent FixedPoint Row agreement fixed_point rows",
    ".crossing": "Crossed Divergence",
    ".proof": "Claims Proof ProofRefused",
    ".evidence": "check_contents check_evidence check_objects",
    ".kinship": "Kinship Makeup Program Shared kinship_of",
    ".replaying": "Deviation Replayed read_proof replay",
    ".report": "BootstrapReport",
    ".residue": "Residue find_residue",
    ".running": "Finished run",
    ".shape": "ShapeRefused check_shape",
    ".suspicion": "Suspicion suspicions",
    ".verdict": "Verdicts everything_below judge",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "Agreement",
    "BootstrapReport",
    "BundleRefused",
    "Chain",
    "Claims",
    "Crossed",
    "Deviation",
    "Dissent",
    "Divergence",
    "Finished",
    "FixedPoint",
    "Kinship",
    "Loaded",
    "Makeup",
    "Outcome",
    "Package",
    "Program",
    "Proof",
    "ProofRefused",
    "Replayed",
    "Residue",
    "Row",
    "SeedPart",
    "ShapeRefused",
    "Shared",
    "Suspicion",
    "Verdicts",
    "agreement",
    "check_contents",
    "check_evidence",
    "check_objects",
    "check_shape",
    "everything_below",
    "find_residue",
    "fixed_point",
    "judge",
    "kinship_of",
    "load_bundle",
    "made_on_the_way",
    "outcome_of",
    "read_proof",
    "replay",
    "rows",
    "run",
    "suspicions",
    "targets_of",
    "witnesses",
    "write_bundle",
]
