"""A bootstrap as text: the table, then the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...builder.proof.strings import MOST
from ..difference.files import draw_contents, draw_files
from ..difference.page import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...builder.proof import Dissent, FixedPoint, Residue
    from ..difference.comparison import ObjectReport
    from ..difference.page import Page
    from .account import Account, Cell, DissentFacts, ItemFacts

DIGITS = 8
"""Characters of a hash in the table: enough to tell a few dozen objects apart by eye."""
ECHOES_SHOWN = 5


def draw(page: Page, account: Account) -> None:
    """Everything that a person wants to know first."""
    seeds = ", ".join(seed.name + (" (impure)" if seed.impure else "") for seed in account.seeds)
    page.title(f"{account.set}: {count(account.stages, 'stage')} from {count(len(account.seeds), 'seed')}: {seeds}")
    page.line("", 0)
    _draw_table(page, account)
    page.line("", 0)
    for mark, name, lines in verdicts(account):
        colour = {"yes": page.style.green, "NO": page.style.red, "?": page.style.bold}[mark]
        page.lines.append(f"{name:<18} {colour}{mark:<3}{page.style.reset} {lines[0]}")
        for line in lines[1:]:
            page.line(line, 11)
    for dissent in account.dissents:
        for report in dissent.differences:
            _draw_difference(page, dissent, report)


def _draw_table(page: Page, account: Account) -> None:
    head = ["package", "seed", *(f"stage {number}" for number in range(account.stages)), "all agree"]
    lines = [line for item in account.items for line in _table_lines(item, len(account.seeds))]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    page.strong(_columns(head, widths), 0)
    for line in lines:
        page.line(_columns(line, widths), 0)


def _columns(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{text:<{width}}" for text, width in zip(line, widths)).rstrip()


def _table_lines(item: ItemFacts, seeds: int) -> Iterator[list[str]]:
    """Seeds with equal rows share one; an equal stage after an equal one is a `=`."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for seed, cells in item.cells.items():
        groups.setdefault(tuple(map(_short, cells)), []).append(seed)
    agreed = "never" if item.agreed_from is None else f"from stage {item.agreed_from}"
    for number, (hashes, names) in enumerate(groups.items()):
        who = "all" if len(names) == seeds and seeds > 1 else ", ".join(names)
        first = number == 0
        yield [item.item if first else "", who, *hashes, agreed if first and seeds > 1 else ""]


def _short(cell: Cell | None) -> str:
    return "-" if cell is None else cell.path.hash[:DIGITS]


def verdicts(account: Account) -> Iterator[tuple[str, str, list[str]]]:
    """For each question: the answer, the question, and why, as lines."""
    found = account.verdicts
    yield (
        _mark(found.fixed_point),
        "fixed point",
        _fixed_point(found.fixed_points, account),
    )
    yield _mark(found.agreement.holds), "host independence", _independence(account)
    yield _mark(all(residue.holds for residue in found.residues)), "no residue", residue_lines(found.residues)


def _mark(holds: bool | None) -> str:
    return "?" if holds is None else "yes" if holds else "NO"


def _fixed_point(points: Sequence[FixedPoint], account: Account) -> list[str]:
    last = account.stages - 1
    if last == 0:
        return ["one stage cannot show it: ask for more with --stages"]
    if all(point.holds for point in points):
        first = max(point.stage or 0 for point in points)
        equal = " == ".join(f"stage {number}" for number in range(first, last + 1))
        return [f"{equal} for {_every(len(points))}"]
    lines = []
    for point in points:
        if point.stage is not None:
            lines.append(f"{point.seed}: stage {point.stage} == stage {point.stage + 1}")
        elif point.period is not None:
            lines.append(
                f"{point.seed}: stage {last} == stage {last - point.period}, not the ones between:"
                f" a period of {point.period} stages; {_list(point.moving)} move"
            )
        else:
            lines.append(f"{point.seed}: stage {last} != stage {last - 1}: still moving: {_list(point.moving)}")
    return lines


def _every(seeds: int) -> str:
    return "the seed" if seeds == 1 else "both seeds" if seeds == 2 else f"all {seeds} seeds"


def _independence(account: Account) -> list[str]:
    found, last = account.verdicts.agreement, account.stages - 1
    if found.holds is None:
        return ["one seed cannot show it: name another with --seeds"]
    if found.holds:
        seeds = "both seeds" if len(found.seeds) == 2 else f"all {len(found.seeds)} seeds"
        return [f"{seeds} agree in stage {last}, file by file ({count(len(account.items), 'package')})"]
    return [
        sentence
        for facts, dissent in zip(account.dissents, found.dissents)
        for sentence in _dissent(facts, dissent, account)
    ]


def _dissent(facts: DissentFacts, dissent: Dissent, account: Account) -> Iterator[str]:
    """Who differs from whom, and in which files."""
    last = account.stages - 1
    (_, most), *others = dissent.camps
    reports = {report.difference.after: report for report in facts.differences}
    for path, seeds in others:
        who = f"seed{'s' if len(seeds) > 1 else ''} {_list(seeds)}"
        rest = f"{len(most)} other seed{'s' if len(most) > 1 else ''}"
        points = [point for point in account.verdicts.fixed_points if point.seed in seeds]
        settled = f"stage {last - 1} == stage {last}, but " if all(point.holds for point in points) else ""
        report = reports.get(path) if path is not None else None
        if report is None:
            yield f"{settled}{dissent.item} of {who} is missing in one, not in the other"
            continue
        files = [f"`{change.path}`" for change in report.difference.files]
        named = _list(files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
        verb = "differs" if len(files) == 1 else "differ"
        yield f"{settled}{named} of {who} {verb} from {rest}" + (f" ({_list(most)})" if len(most) < 4 else "")


def residue_lines(residues: Sequence[Residue]) -> list[str]:
    """What is left of seeds, or that nothing is."""
    if all(residue.holds for residue in residues):
        shared = max(residue.shared for residue in residues)
        return [
            "no reference to a seed, no way to one but through stage 0,",
            f"no string of a seed's toolchain that a source does not account for ({shared} it does)",
        ]
    lines = []
    for residue in residues:
        lines += [f"{residue.seed}: the closure holds {path}" for path in residue.references]
        lines += [
            f"{residue.seed}: reached without stage 0: {' <- '.join(step.name for step in way)}" for way in residue.ways
        ]
        if residue.echoes:
            more = "or more " if len(residue.echoes) >= MOST else ""
            lines.append(
                f"{residue.seed}: {count(len(residue.echoes), 'string')} {more}of its toolchain in {_where(residue)}:"
            )
            longest = sorted(residue.echoes, key=lambda echo: -len(echo.text))[:ECHOES_SHOWN]
            lines += [f"  {echo.text[:90]!r}" for echo in longest]
    return lines


def _where(residue: Residue) -> str:
    files = dict.fromkeys(f"`{echo.file}`" for echo in residue.echoes)
    return _list(list(files)[:3]) + (" and others" if len(files) > 3 else "")


def _list(words: Sequence[str]) -> str:
    return ", ".join(words)


def _draw_difference(page: Page, dissent: DissentFacts, report: ObjectReport) -> None:
    camps = {path: seeds for path, seeds in dissent.camps}
    before, after = report.difference.before, report.difference.after
    page.title(f"{dissent.item}: {_list(camps[before])} against {_list(camps[after])}")
    page.dim(f"{before}")
    page.dim(f"{after}")
    draw_files(page, report.difference.files, 1)
    draw_contents(page, report, 1)
