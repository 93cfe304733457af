"""Rows of the build trace as the database has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .digest import Digest
from .path import StorePath
from .records import Realisation

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS: Final = "resolved, output, path, derivation, started, seconds, variation, builder, origin"


def realisation_of(columns: Iterable[Any]) -> Realisation:
    """From a row of `COLUMNS`."""
    resolved, output, path, derivation, started, seconds, variation, builder, origin = columns
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
