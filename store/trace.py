"""Rows of the build trace in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .digest import Digest
from .errors import DamagedRow
from .path import InvalidStorePath, StorePath
from .records import Realisation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

COLUMNS: Final = "resolved, output, path, derivation, started, seconds, variation, builder, origin"
"""The columns without the witness, which a build does not need."""


def realisation_of(columns: Sequence[Any]) -> Realisation:
    """Convert a row of `COLUMNS`. Raises `DamagedRow`: cells are untrusted."""
    resolved, output, path, derivation, started, seconds, variation, builder, origin = columns
    for name, cell, kind in (
        ("resolved", resolved, bytes),
        ("output", output, str),
        ("path", path, str),
        ("derivation", "" if derivation is None else derivation, str),
        ("started", started, float),
        ("seconds", seconds, float),
        ("variation", variation, str),
        ("builder", builder, str),
        ("origin", origin, str),
    ):
        if type(cell) is not kind:
            raise DamagedRow(f"is damaged: there is no {name} in it")
    try:
        return Realisation(
            Digest(resolved),
            output,
            StorePath.parse(path),
            None if derivation is None else StorePath.parse(derivation),
            started,
            seconds,
            variation,
            builder,
            origin,
        )
    except (ValueError, InvalidStorePath) as error:
        raise DamagedRow(f"is damaged: {error}") from error


def readable(rows: Iterable[Sequence[Any]]) -> Iterator[Realisation]:
    """Yield the intact rows: a build does not need the others, and `chx ledger --check` reports them."""
    for columns in rows:
        try:
            yield realisation_of(columns)
        except DamagedRow:
            continue
