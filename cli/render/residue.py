"""The residue of a toolchain, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bootstrap.text import residue_lines

if TYPE_CHECKING:
    from ...ops.bootstrap.residue import Residue
    from .page import Page


def draw_residue(page: Page, residue: Residue) -> None:
    """Draw the residue, or that there is none."""
    page.title("residue: none found" if residue.holds else "residue")
    for line in residue_lines([residue]):
        page.line(line)
