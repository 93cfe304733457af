"""Proofs that were checked or replayed, as text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..data import as_data
from ..page import Page, count
from .text import sharing_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....ops.bootstrap.likeness import SetComparison
    from ....ops.bootstrap.proof import Proof
    from ....ops.bootstrap.replaying import Deviation, Replayed


_PRODUCTS: Final = {
    "repository": "the packages of the last stage as a repository",
    "image": "the image of the last stage",
}


def draw_replayed(page: Page, found: Replayed) -> None:
    """Draw how a replay differs from its proof."""
    page.line("", 0)
    _draw_deviations(page, found.outputs, found.deviations)
    _draw_likeness(page, found.proof, found.likeness)
    page.line(f"signed by {found.proof.key}", 0)


def checked_data(proof: Proof, likeness: SetComparison) -> dict[str, Any]:
    """Return a checked proof as JSON types."""
    return {
        "format": proof.format,
        "set": proof.set,
        "shows": proof.claims.text,
        "holds": proof.claims.holds,
        "claims": as_data(proof.claims),
        "kinship": as_data(proof.kinship),
        "suspicions": as_data(proof.suspicions),
        "likeness": as_data(likeness),
        **{kind: f"blake3:{digest}" for kind, digest in proof.products.items()},
        "key": proof.key,
    }


def _draw_deviations(page: Page, total: int, deviations: Sequence[Deviation]) -> None:
    grave = [deviation for deviation in deviations if deviation.is_grave]
    rest = [deviation for deviation in deviations if not deviation.is_grave]
    if grave:
        page.line(f"replayed: {count(len(grave), 'thing')} did not come out as the proof says:", 0)
        _draw_each(page, grave)
    else:
        page.line(f"replayed: all {count(total, 'output')} came out as the proof says", 0)
    if rest:
        page.line("parts of seeds whose builds are not reproducible, and differ from the proof:", 0)
        _draw_each(page, rest)


def _draw_each(page: Page, deviations: Sequence[Deviation]) -> None:
    for deviation in deviations:
        page.line(deviation.what)
        page.removed(deviation.claimed, 2)
        page.added(deviation.found, 2)


def _draw_likeness(page: Page, proof: Proof, likeness: SetComparison) -> None:
    page.line(f"the set {proof.set}: {likeness.set_words}", 0)
    for seed, words in likeness.seed_words:
        page.line(f"{seed}: {words}", 0)


def draw_checked(page: Page, proof: Proof, likeness: SetComparison) -> None:
    page.title(f"this proof {'claims' if proof.claims.holds else 'shows'} {proof.claims.text}")
    stages = count(len(proof.chains[0].stages), "stage")
    seeds = ", ".join(chain.seed for chain in proof.chains)
    page.line(f"{proof.set}: {stages} from {count(len(proof.chains), 'seed')}: {seeds}", 0)
    for kind, digest in proof.products.items():
        page.line(f"{_PRODUCTS[kind]}: blake3:{digest}", 0)
    page.line(f"signed by {proof.key}", 0)
    page.line("", 0)
    page.line("checked: the form and the signature; that every name follows from its content", 0)
    page.line(
        f"({count(len(proof.derivations), 'derivation')}, {count(len(proof.files), 'source file')},"
        f" {count(len(proof.objects), 'object')});"
    )
    page.line("that each stage uses the previous one, and stage 0 its seed;")
    page.line("that the verdicts 'fixed point' and 'host independence' follow from the outcomes")
    page.line(
        "not checked without building: that the derivations give these outcomes; which programs the seeds have;", 0
    )
    page.line("'no residue': see chx bootstrap --replay")
    if proof.kinship is not None:
        for line in sharing_lines(proof.kinship):
            page.line(line, 0)
    else:
        page.line(
            "format 1 does not say which programs the seeds have: how many toolchains they are, a replay tells", 0
        )
    _draw_likeness(page, proof, likeness)
