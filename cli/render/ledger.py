"""Rows of the build trace as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...store import Realisation

_SHORT = 8
"""Digits of the identifiers of homes and machines; --json has all."""


def row_line(row: Realisation) -> str:
    """Return one row without its output."""
    from time import gmtime, strftime

    parts = [f"by {row.builder or 'unsigned'}"]
    if row.witness is not None:
        where = f"in home {row.witness.home[:_SHORT]}"
        parts[0] += f" {where} on machine {row.witness.machine[:_SHORT]}" if row.witness.machine else f" {where}"
        parts += [f"chx {row.witness.chx}", row.witness.sandbox, f"kernel {row.witness.kernel}"]
    surroundings = [word for word in row.variation.split() if not (row.witness and word.startswith("kernel="))]
    parts += [" ".join(surroundings), f"from {row.origin}" if row.origin else ""]
    when = strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(row.started))
    return f"{when}, {row.seconds:.1f} s, {', '.join(filter(None, parts))}"
