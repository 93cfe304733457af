"""Tables of the page: packages by stages, stages by seeds, and every object with its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....ops.bootstrap.equality import classes_of_items, classes_of_stages
from ...progress.format import duration, size
from ..page import count
from .graph import HASH
from .markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ....ops.bootstrap.equality import Class, Equality
    from ....ops.bootstrap.report import BootstrapReport, ItemFacts, StageResult


def draw_packages(report: BootstrapReport) -> Markup:
    """Draw packages by stages. Seeds with equal rows share one; equal adjacent cells are merged."""
    stages = [f"stage {number}" for number in range(report.stages)]
    anchors = {dissent.item: f"difference-{number}" for number, dissent in enumerate(report.dissents, 1)}
    bodies = (
        _item(report, facts, equality, anchors.get(facts.item))
        for facts, equality in zip(report.items, classes_of_items(report))
    )
    return _table("packages", ["package", "seed", *stages, "all agree"], *bodies)


def _table(name: str, head: Sequence[str], *bodies: Markup) -> Markup:
    cells = (element("th", text, scope="col") for text in head)
    table = element("table", element("thead", element("tr", *cells)), *bodies, class_=name)
    # The keyboard scrolls wide tables, too.
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=name)


def _item(report: BootstrapReport, facts: ItemFacts, equality: Equality, anchor: str | None) -> Markup:
    groups: dict[tuple[str | None, ...], list[str]] = {}
    for seed in equality.ordered():
        groups.setdefault(tuple(None if cls is None else cls.digest for cls in equality.cells[seed]), []).append(seed)
    rows = list(groups.items())
    lines = []
    for number, (_, seeds) in enumerate(rows):
        cells: list[Markup] = []
        if number == 0:
            name = element("a", facts.item, href=f"#{anchor}") if anchor else facts.item
            cells.append(element("th", name, scope="rowgroup", rowspan=len(rows), class_="item"))
        all_seeds = len(seeds) == len(report.seeds) > 1
        cells.append(element("th", *(["all"] if all_seeds else _names(seeds)), scope="row", class_="who"))
        cells += _cells(facts, equality, rows, number, anchor)
        if number == 0:
            cells.append(_agreed(facts, len(report.seeds), len(rows), anchor))
        lines.append(element("tr", *cells))
    return element("tbody", *lines)


def _cells(
    facts: ItemFacts,
    equality: Equality,
    rows: Sequence[tuple[tuple[str | None, ...], list[str]]],
    number: int,
    anchor: str | None,
) -> Iterator[Markup]:
    digests, seeds = rows[number]
    for stage, digest in enumerate(digests):
        if number and rows[number - 1][0][stage] == digest:
            continue
        span = 1
        sharing = list(seeds)
        while number + span < len(rows) and rows[number + span][0][stage] == digest:
            sharing += rows[number + span][1]
            span += 1
        cls = equality.cells[seeds[0]][stage]
        yield _cell(cls, {seed: facts.cells[seed][stage] for seed in sharing}, span, anchor)


def _cell(cls: Class | None, cells: Mapping[str, StageResult | None], span: int, anchor: str | None) -> Markup:
    cell = next(iter(cells.values()))
    if cls is None or cell is None:
        return element("td", "not there", class_="none", rowspan=span)
    name = _name(cls, cell.path.hash)
    if cls.kind == "dissent" and anchor:
        name = element("a", name, href=f"#{anchor}")
    seconds = [(seed, found.seconds) for seed, found in cells.items() if found is not None]
    times = [time for _, time in seconds if time is not None]
    about = [
        f"{cell.path}",
        f"tree {cell.tree_digest}",
        f"{count(cell.files, 'file')}, {size(cell.size)}",
        *(f"built from {seed} in {duration(time)}" for seed, time in seconds if time is not None),
    ]
    note = " · ".join([size(cell.size), *([_range(times)] if times else [])])
    return element("td", name, " ", element("small", note), class_=cls.style, rowspan=span, title="; ".join(about))


def _name(cls: Class, digest: str) -> Markup:
    return element("span", element("b", cls.letter), " ", element("code", digest[:HASH]), class_="name")


def _names(seeds: Sequence[str]) -> Iterator[str]:
    """Join names so that lines break only between them."""
    for number, seed in enumerate(seeds):
        yield from ([" "] if number else [])
        yield element("span", seed + ("," if number < len(seeds) - 1 else ""), class_="whole")


def _range(times: Sequence[float]) -> str:
    least, most = duration(min(times)), duration(max(times))
    return least if least == most else f"{least.removesuffix(' s')} to {most}"


def _agreed(facts: ItemFacts, seeds: int, span: int, anchor: str | None) -> Markup:
    if seeds < 2:
        return element("td", "one seed", rowspan=span, class_="agreed")
    if facts.agreed_from is not None:
        return element("td", f"from stage {facts.agreed_from}", rowspan=span, class_="agreed yes")
    text = element("a", "never", href=f"#{anchor}") if anchor else "never"
    return element("td", text, rowspan=span, class_="agreed no")


def draw_totals(report: BootstrapReport) -> Markup:
    """Draw for each seed and stage its class, its size, and the build time of its packages."""
    equality = classes_of_stages(report)
    lines = []
    for seed in equality.ordered():
        cells = [_total(report, seed, stage, equality.of_stage(seed, stage)) for stage in range(report.stages)]
        lines.append(element("tr", element("th", seed, scope="row", class_="whole"), *cells))
    head = ["seed", *(f"stage {number}" for number in range(report.stages))]
    return _table("totals", head, element("tbody", *lines))


def _total(report: BootstrapReport, seed: str, stage: int, cls: Class) -> Markup:
    cells = [cell for item in report.items if (cell := item.cells[seed][stage]) is not None]
    # Outputs of one derivation come from one build.
    times = {cell.derivation: cell.seconds for cell in cells if cell.seconds is not None}
    note = [count(len(cells), "object"), size(sum(cell.size for cell in cells))]
    if times:
        note.append(duration(sum(times.values())))
    return element(
        "td",
        _name(cls, cls.digest),
        " ",
        element("small", " · ".join(note)),
        class_=cls.style,
        title=f"SHA-256 {cls.digest}",
    )


def draw_objects(report: BootstrapReport) -> Markup:
    """Draw each object once, with its positions."""
    places: dict[tuple[str, StageResult], list[str]] = {}
    known: dict[tuple[str, str], StageResult] = {}
    for item in report.items:
        for seed, cells in item.cells.items():
            for number, cell in enumerate(cells):
                if cell is not None:
                    first = known.setdefault((item.item, str(cell.path)), cell)
                    places.setdefault((item.item, first), []).append(f"{seed} {number}")
    total = len(report.seeds) * report.stages
    lines = [
        element(
            "tr",
            element("th", item, scope="row"),
            element("td", element("code", str(cell.path)), element("br"), element("code", cell.tree_digest)),
            element("td", count(cell.files, "file"), ", ", size(cell.size)),
            element("td", "everywhere" if len(where) == total else ", ".join(where)),
        )
        for (item, cell), where in places.items()
    ]
    head = ["package", "store path, digest of the tree", "size", "seed and stage"]
    return _table("objects", head, element("tbody", *lines))
