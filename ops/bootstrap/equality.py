"""Equality classes, each with a letter, of the items in a row of the table and of whole stages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .report import BootstrapReport

Kind = Literal["final", "dissent", "passing"]
HUES: Final = 6
"""Number of colours for passing classes; letters distinguish more of them."""


@dataclass(frozen=True, slots=True)
class Class:
    """A class of equal items or stages. Its letter is unique in an `Equality`.

    `final`: all seeds end in it. `dissent`: some seeds end in it, others do not; a majority proves nothing, so
    that no such class is the right one. `passing`: no seed ends in it.
    """

    letter: str
    kind: Kind
    hue: int
    digest: str

    @property
    def style(self) -> str:
        """The name of the class's colour in the style sheet."""
        return f"passing-{self.hue}" if self.kind == "passing" else self.kind


@dataclass(frozen=True, slots=True)
class Equality:
    """The class of every seed in every stage; None where the stage lacks the item."""

    cells: Mapping[str, tuple[Class | None, ...]]

    def of_stage(self, seed: str, stage: int) -> Class:
        """Return the class of a whole stage. Every stage has one, since even an empty stage has a digest."""
        found = self.cells[seed][stage]
        assert found is not None
        return found

    def ordered(self) -> list[str]:
        """Return the seeds sorted so that those with equal last stages are adjacent."""
        letters = [cell.letter for cells in self.cells.values() for cell in cells if cell is not None]
        rank = {letter: number for number, letter in enumerate(sorted(set(letters), key=lambda x: (len(x), x)))}

        def place(seed: str) -> list[int]:
            return [len(rank) if cell is None else rank[cell.letter] for cell in reversed(self.cells[seed])]

        return sorted(self.cells, key=place)


def classes_of_stages(report: BootstrapReport) -> Equality:
    """Classify whole stages, equal if all their packages are. The digest is that of the list of packages."""
    seeds = [seed.name for seed in report.seeds]
    return classify({seed: [_stage_digest(report, seed, number) for number in range(report.stages)] for seed in seeds})


def _stage_digest(report: BootstrapReport, seed: str, number: int) -> str:
    """Return the SHA-256 of a text with one line per package: its name and store path."""
    lines = []
    for item in report.items:
        cell = item.cells[seed][number]
        if cell is not None:
            lines.append(f"{item.item} {cell.path}\n")
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def classes_of_items(report: BootstrapReport) -> list[Equality]:
    """Classify the items of every row of the table."""
    return [
        classify(
            {seed: [None if cell is None else str(cell.path) for cell in cells] for seed, cells in item.cells.items()}
        )
        for item in report.items
    ]


def classify(table: Mapping[str, Sequence[str | None]]) -> Equality:
    """Classify equal texts in a table of seeds by stages."""
    camps: dict[str | None, int] = {}
    for cells in table.values():
        camps[cells[-1]] = camps.get(cells[-1], 0) + 1
    ordered = sorted(camps, key=lambda text: -camps[text])
    found: dict[str, Class] = {}

    def add(text: str, kind: Kind, hue: int = 0) -> None:
        found[text] = Class(_letter(len(found)), kind, hue, text)

    for text in ordered:
        if text is not None:
            add(text, "final" if len(ordered) == 1 else "dissent")
    before: tuple[str | None, ...] = (None,) * len(table)
    for column in zip(*table.values()):
        for seed, text in enumerate(column):
            if text is not None and text not in found:
                came_from = {found[old].hue for old, new in zip(before, column) if new == text and old is not None}
                add(text, "passing", _hue(seed, _hues(found.values()), came_from))
        before = column
    return Equality(
        {seed: tuple(None if text is None else found[text] for text in cells) for seed, cells in table.items()}
    )


def _hues(classes: Iterable[Class]) -> set[int]:
    return {cls.hue for cls in classes if cls.kind == "passing"}


def _hue(seed: int, used: set[int], before: set[int]) -> int:
    """Return a free colour, preferably that of the seed, so that its own classes look alike in all rows.

    If all colours are used, return one that the same seeds did not have in the stage before.
    """
    hues = [hue % HUES for hue in range(seed, seed + HUES)]
    return next((hue for taken in (used, before) for hue in hues if hue not in taken), hues[0])


def _letter(number: int) -> str:
    """Return the letter of a number: A to Z, AA, AB and so on."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
