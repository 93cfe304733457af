"""Outcomes of builds: the outputs of resolved derivations, with the rows and builders that attest them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..store import Digest, Realisation, StorePath


class Outcome(NamedTuple):
    """An output of a resolved derivation, and all rows of the build trace that attest it."""

    path: StorePath
    rows: tuple[Realisation, ...]

    @property
    def title(self) -> str:
        """The derivation and its output: `hello-2.12!out`."""
        named = next((row.derivation for row in self.rows if row.derivation is not None), None)
        first = self.rows[0]
        what = named.name.removesuffix(".drv") if named is not None else str(first.resolved)[:16]
        return f"{what}!{first.output}"

    @property
    def derivations(self) -> list[StorePath]:
        """The derivations that resolve to this one, sorted."""
        return sorted({row.derivation for row in self.rows if row.derivation is not None})

    @property
    def witnesses(self) -> int:
        """The number of distinct keys, homes and machines; rows without a witness differ by their keys alone."""
        return len({_witness_key(row) for row in self.rows})

    @property
    def keys(self) -> int:
        """The number of distinct builders that signed a row."""
        return len({row.builder for row in self.rows if row.builder})


def outcomes_of(rows: Iterable[Realisation]) -> list[Outcome]:
    """Group rows by resolved derivation, output and object, in the order of their first row."""
    found: dict[object, list[Realisation]] = {}
    for row in rows:
        found.setdefault((row.resolved, row.output, row.path), []).append(row)
    return [Outcome(same[0].path, tuple(same)) for same in found.values()]


def differing(rows: Iterable[Realisation]) -> dict[tuple[Digest, str], list[StorePath]]:
    """Return the irreproducible outputs of resolved derivations, each with the objects that builds produced."""
    found: dict[tuple[Digest, str], dict[StorePath, None]] = {}
    for row in rows:
        found.setdefault((row.resolved, row.output), {})[row.path] = None
    return {key: list(paths) for key, paths in found.items() if len(paths) > 1}


def fault_line(row: int | None, what: str) -> str:
    """Describe a fault of the ledger."""
    return f"ledger: {what}" if row is None else f"ledger: row {row} {what}"


def _witness_key(row: Realisation) -> tuple[str, ...]:
    return (row.builder,) if row.witness is None else (row.builder, row.witness.home, row.witness.machine)
