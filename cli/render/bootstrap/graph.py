"""Picture of the stages of all seeds: strands run from the seeds through the stages.

Every seed is one strand. Equal stages are one box, and the strands of their seeds run side by side in one
band. The picture is drawn twice, across for wide pages and down for narrow ones; positions are therefore `along`
(from seed to last stage) and `aside` (from seed to seed).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ....ops.bootstrap.equality import classes_of_items, classes_of_stages
from ...progress.format import size
from ..page import count
from .markup import Markup, element, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ....ops.bootstrap.equality import Class, Equality
    from ....ops.bootstrap.report import BootstrapReport, SeedFacts

STRAND: Final = 14.0
"""The width of a strand, if there are few."""
BAND: Final = 60.0
"""The width of all strands, if there are many."""
MOST_MARKS: Final = 240
"""Packages that get a mark of their own in a box."""
HASH: Final = 8


@dataclass(frozen=True, slots=True)
class _Form:
    """Measures of one way to draw. `step`: from one column to the next, `lane`: from one seed to the next."""

    name: str
    is_down: bool
    width: float
    height: float
    seed_height: float
    gap: float
    lane_gap: float
    margin: float
    characters: int
    mark: float
    pitch: float

    def at(self, along: float, aside: float) -> tuple[float, float]:
        return (aside, along) if self.is_down else (along, aside)


_ACROSS: Final = _Form("across", False, 178, 58, 50, 92, 18, 34, 19, 8, 11)
_DOWN: Final = _Form("down", True, 92, 52, 40, 46, 6, 22, 13, 6, 8)


@dataclass(frozen=True, slots=True)
class _Node:
    """A box of equal results in one stage. `members` are seeds in the order of their lanes."""

    members: tuple[str, ...]
    cls: Class
    aside: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """The layout. `stages` are the boxes, stage by stage."""

    form: _Form
    report: BootstrapReport
    lanes: Sequence[str]
    items: Sequence[Equality]
    stages: Sequence[Sequence[_Node]]
    height: float
    strand: float
    lane: float

    @property
    def extent(self) -> float:
        """Size of a box across the strands."""
        return self.form.width if self.form.is_down else self.height

    @property
    def depth(self) -> float:
        """Size of a box along the strands."""
        return self.height if self.form.is_down else self.form.width

    @property
    def seed_depth(self) -> float:
        return self.form.seed_height if self.form.is_down else self.form.width

    def lane_of(self, seed: str) -> float:
        first = self.form.margin if not self.form.is_down else 4.0
        return first + self.lane / 2 + self.lanes.index(seed) * self.lane

    def begin(self, column: int) -> float:
        """Position where a column begins; the seeds are column 0, stage n is column n + 1."""
        start = self.form.margin if self.form.is_down else 2.0
        if column == 0:
            return start
        return start + self.seed_depth + self.form.gap + (column - 1) * (self.depth + self.form.gap)

    def end(self, column: int) -> float:
        return self.begin(column) + (self.depth if column else self.seed_depth)


def draw_graph(report: BootstrapReport) -> Markup:
    """Draw both forms; the style sheet shows the one that fits."""
    return join(*(_draw(_plan(report, form)) for form in (_ACROSS, _DOWN)))


def describe_graph(report: BootstrapReport) -> str:
    """Describe the picture in words."""
    equality = classes_of_stages(report)
    sentences = []
    for number in range(report.stages):
        groups = _groups(equality, [seed.name for seed in report.seeds], number)
        parts = [
            f"{' and '.join(members)} {'are' if len(members) > 1 else 'is'} {cls.letter}" for cls, members in groups
        ]
        sentences.append(f"Stage {number}: {'; '.join(parts)}.")
    return " ".join(sentences)


def _groups(equality: Equality, lanes: Sequence[str], number: int) -> list[tuple[Class, list[str]]]:
    groups: dict[str, tuple[Class, list[str]]] = {}
    for seed in lanes:
        cls = equality.of_stage(seed, number)
        groups.setdefault(cls.letter, (cls, []))[1].append(seed)
    return list(groups.values())


def _plan(report: BootstrapReport, form: _Form) -> _Plan:
    equality = classes_of_stages(report)
    lanes = equality.ordered()
    items = classes_of_items(report)
    height = form.height
    if len(items) <= MOST_MARKS:
        height += -(-len(items) // _per_row(form)) * form.pitch + 4
    strand = min(STRAND, BAND / len(lanes), form.width / 2 / len(lanes) if form.is_down else BAND)
    lane = (form.width if form.is_down else max(height, form.seed_height)) + form.lane_gap
    plan = _Plan(form, report, lanes, items, (), height, strand, lane)
    stages = tuple(_column(plan, _groups(equality, lanes, number)) for number in range(report.stages))
    return replace(plan, stages=stages)


def _per_row(form: _Form) -> int:
    return int((form.width - 20) // form.pitch)


def _column(plan: _Plan, groups: list[tuple[Class, list[str]]]) -> list[_Node]:
    """Place every box in the middle of its lanes, pushed aside where two would touch."""
    middles = [(sum(map(plan.lane_of, members)) / len(members), cls, members) for cls, members in groups]
    nodes: list[_Node] = []
    for middle, cls, members in sorted(middles, key=lambda entry: entry[0]):
        if nodes:
            middle = max(middle, nodes[-1].aside + plan.extent + plan.form.lane_gap / 2)
        nodes.append(_Node(tuple(members), cls, middle))
    return nodes


def _draw(plan: _Plan) -> Markup:
    form, columns = plan.form, plan.report.stages + 1
    along = plan.end(columns - 1) + 4
    lowest = max([plan.lane_of(plan.lanes[-1]), *(node.aside for nodes in plan.stages for node in nodes)])
    aside = lowest + plan.extent / 2 + 4
    width, height = form.at(along, aside)
    words = describe_graph(plan.report)
    return element(
        "svg",
        element("title", f"The stages of {plan.report.set}, from seed to seed"),
        element("desc", words),
        element("g", *_headings(plan, aside), class_="columns"),
        element("g", *_strands(plan), class_="strands"),
        element("g", *_signs(plan), class_="signs"),
        *(_seed(plan, seed) for seed in plan.report.seeds),
        *(_box(plan, number, node) for number, nodes in enumerate(plan.stages) for node in nodes),
        role="img",
        aria_label=words,
        class_=f"graph {form.name}",
        viewBox=f"0 0 {width:g} {height:g}",
        style=f"--width:{width:g}px",
    )


def _headings(plan: _Plan, aside: float) -> Iterator[Markup]:
    names = ["seeds", *(f"stage {number}" for number in range(plan.report.stages))]
    for number, name in enumerate(names):
        if plan.form.is_down:
            yield element("text", name, x=4.0, y=plan.begin(number) - 8, class_="column")
        else:
            middle = (plan.begin(number) + plan.end(number)) / 2
            yield element("text", name, x=middle, y=14.0, text_anchor="middle", class_="column")


def _strands(plan: _Plan) -> Iterator[Markup]:
    """Draw one strand for each seed, from column to column; colours change between columns."""
    for seed in plan.lanes:
        place, style = plan.lane_of(seed), "seed"
        for number, nodes in enumerate(plan.stages):
            node = next(node for node in nodes if seed in node.members)
            slot = node.members.index(seed) - (len(node.members) - 1) / 2
            target = node.aside + slot * plan.strand
            yield _strand(plan, number, place, target, style, node.cls.style, seed)
            place, style = target, node.cls.style


def _strand(plan: _Plan, number: int, one: float, other: float, before: str, after: str, seed: str) -> Markup:
    # From inside one box to inside the next, so that no seam shows.
    start, stop = plan.end(number) - 3, plan.begin(number + 1) + 3
    middle = (start + stop) / 2
    points = [plan.form.at(*point) for point in ((start, one), (middle, one), (middle, other), (stop, other))]
    (x, y), *rest = points
    path = f"M{x:g} {y:g}C" + " ".join(f"{x:g} {y:g}" for x, y in rest)
    width = plan.strand + 0.5
    if before == after:
        return element("path", d=path, class_=f"strand {before}", stroke_width=width)
    name = f"{plan.form.name}-{number}-{plan.lanes.index(seed)}"
    (x1, y1), (x2, y2) = plan.form.at(start, 0.0), plan.form.at(stop, 0.0)
    gradient = element(
        "linearGradient",
        element("stop", offset="15%", class_=before),
        element("stop", offset="85%", class_=after),
        id=name,
        gradientUnits="userSpaceOnUse",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
    )
    return join(gradient, element("path", d=path, class_="strand", stroke_width=width, stroke=f"url(#{name})"))


def _signs(plan: _Plan) -> Iterator[Markup]:
    """Draw `=` between boxes with the same content: a fixed point."""
    for number in range(1, len(plan.stages)):
        for node in plan.stages[number]:
            for source in plan.stages[number - 1]:
                if source.cls == node.cls and set(source.members) & set(node.members):
                    along = (plan.end(number) + plan.begin(number + 1)) / 2
                    x, y = plan.form.at(along, (source.aside + node.aside) / 2)
                    yield element(
                        "g",
                        element("circle", cx=x, cy=y, r=10.0),
                        element("text", "=", x=x, y=y + 5, text_anchor="middle"),
                        class_=f"sign {node.cls.style}",
                    )


def _seed(plan: _Plan, seed: SeedFacts) -> Markup:
    form = plan.form
    width, height = form.width, form.seed_height
    x, y = form.at(plan.begin(0), plan.lane_of(seed.name) - (width if form.is_down else height) / 2)
    note = size(seed.size) if form.is_down else f"{count(seed.objects, 'object')}, {size(seed.size)}"
    if seed.impure:
        note = "impure" if form.is_down else f"impure, {size(seed.size)}"
    middle = x + width / 2
    return element(
        "g",
        element("title", f"{seed.name}: {seed.description}" + (" (impure)" if seed.impure else "")),
        element("rect", x=x, y=y, width=width, height=height, rx=height / 2, class_="ground"),
        element("rect", x=x, y=y, width=width, height=height, rx=height / 2, class_="outline"),
        element(
            "text",
            _cut(seed.name, form.characters),
            x=middle,
            y=y + height / 2 - 3,
            text_anchor="middle",
            class_="name",
        ),
        element("text", note, x=middle, y=y + height / 2 + 13, text_anchor="middle", class_="note"),
        class_="box seed" + (" impure" if seed.impure else ""),
    )


def _box(plan: _Plan, number: int, node: _Node) -> Markup:
    form, report = plan.form, plan.report
    across = form.width / 2 if form.is_down else plan.height / 2
    x, y = form.at(plan.begin(number + 1), node.aside - across)
    width, height = form.width, plan.height
    seeds = _who(plan, number, node)
    badge = 9.0 if form.is_down else 11.0
    left = 8.0 if form.is_down else 11.0
    last = number == report.stages - 1
    return element(
        "g",
        element("title", f"stage {number} of {', '.join(node.members)}: {node.cls.letter}, {node.cls.digest}"),
        element("rect", x=x, y=y, width=width, height=height, rx=9.0, class_="ground"),
        element("rect", x=x, y=y, width=width, height=height, rx=9.0, class_="outline"),
        element("circle", cx=x + left + badge, cy=y + 10 + badge, r=badge, class_="badge"),
        element(
            "text",
            node.cls.letter,
            x=x + left + badge,
            y=y + 10 + badge + (4 if form.is_down else 5),
            text_anchor="middle",
            class_="letter",
        ),
        element("text", node.cls.digest[:HASH], x=x + left + 2 * badge + 7, y=y + 10 + badge + 4.5, class_="hash"),
        element("text", _cut(seeds, form.characters), x=x + left, y=y + form.height - 7, class_="note"),
        *_marks(plan, number, node, x + left, y + form.height + 1),
        class_=f"box {node.cls.style}" + (" last" if last else ""),
    )


def _who(plan: _Plan, number: int, node: _Node) -> str:
    """Return the seeds of a box; for a dissenting one in the last stage, what it differs from."""
    last, seeds = number == len(plan.stages) - 1, len(plan.lanes)
    who = count(len(node.members), "seed") if len(node.members) > 1 else node.members[0]
    if len(node.members) == seeds > 1:
        return f"both {who}" if seeds == 2 else f"all {who}"
    others = [other.cls.letter for other in plan.stages[number] if other != node]
    if last and others and not plan.form.is_down:
        end = f" ≠ {', '.join(others)}"
        return _cut(who, plan.form.characters - len(end)) + end
    return who


def _marks(plan: _Plan, number: int, node: _Node, left: float, top: float) -> Iterator[Markup]:
    """Draw a square for each package, coloured as its cell in the table."""
    if len(plan.items) > MOST_MARKS:
        return
    seed, form = node.members[0], plan.form
    for place, (facts, item) in enumerate(zip(plan.report.items, plan.items)):
        row, column = divmod(place, _per_row(form))
        cls = item.cells[seed][number]
        if cls is not None:
            yield element(
                "rect",
                element("title", f"{facts.item}: {cls.letter}"),
                x=left + column * form.pitch,
                y=top + row * form.pitch,
                width=form.mark,
                height=form.mark,
                rx=1.5,
                class_=f"mark {cls.style}",
            )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
