"""Decide which foreign rows of the build trace count.

An object's content follows from its name. That a derivation *produces* it is a claim: it counts if enough trusted
builders have signed it, and fewer have signed another claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..digest import Digest
    from ..ledger import SignedRow
    from ..path import StorePath


class RejectedRow(NamedTuple):
    """A row that does not count, and the reason."""

    row: SignedRow
    reason: str


@dataclass(frozen=True, slots=True)
class Trust:
    """The trusted public keys, and the number of them that must agree."""

    keys: frozenset[str] = frozenset()
    needed: int = 1

    def judge(
        self, rows: Iterable[SignedRow], resolved: Digest | None = None
    ) -> tuple[list[SignedRow], list[RejectedRow]]:
        """Return the rows that count, and the others. With `resolved`, rows of another derivation do not count."""
        refused: list[RejectedRow] = []
        votes: dict[tuple[Digest, str], dict[StorePath, dict[str, SignedRow]]] = {}
        for row in rows:
            claim = row.realisation
            if resolved is not None and claim.resolved != resolved:
                refused.append(RejectedRow(row, f"it speaks of another derivation, {claim.resolved}"))
            elif claim.builder not in self.keys:
                refused.append(RejectedRow(row, f"its builder's key is not trusted: {claim.builder or 'none'}"))
            elif not row.is_genuine():
                refused.append(RejectedRow(row, "its signature is not that of its builder"))
            else:
                outputs = votes.setdefault((claim.resolved, claim.output), {})
                outputs.setdefault(claim.path, {})[claim.builder] = row
        accepted: list[SignedRow] = []
        for paths in votes.values():
            enough = [path for path, signed in paths.items() if len(signed) >= max(1, self.needed)]
            for path, signed in paths.items():
                if len(enough) > 1 and path in enough:
                    refused += (RejectedRow(row, "as many builders say something else") for row in signed.values())
                elif path in enough:
                    accepted += signed.values()
                else:
                    reason = f"{len(signed)} of {self.needed} required signatures"
                    refused += (RejectedRow(row, reason) for row in signed.values())
        return accepted, refused
