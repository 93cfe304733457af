"""A bootstrap as text: the table, then the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....ops.bootstrap.products import REPOSITORY
from ....ops.bootstrap.string_evidence import MOST
from ..files import draw_contents, draw_files
from ..page import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ....ops.bootstrap import Crossed, FixedPoint, Kinship, Residue, Shared, Suspicion
    from ....ops.bootstrap.report import BootstrapReport, ItemFacts, Mismatch, ProductFacts, StageResult
    from ....ops.diff.comparison import ObjectReport
    from ..page import Page

DIGITS = 8
"""Characters of a hash in the table: enough to tell a few dozen objects apart by eye."""
ECHOES_SHOWN = 5
NONE_FOUND = "none found"
FOUND = "FOUND"
BLIND = "a search for strings misses code without text, and text that is short, encoded or compressed"
_MARK = 3


def draw(page: Page, report: BootstrapReport) -> None:
    """Draw the table, differences and verdicts."""
    seeds = ", ".join(seed.name + (" (impure)" if seed.impure else "") for seed in report.seeds)
    page.title(f"{report.set}: {count(report.stages, 'stage')} from {count(len(report.seeds), 'seed')}: {seeds}")
    page.line("", 0)
    _draw_table(page, report)
    page.line("", 0)
    for mark, name, lines in verdicts(report):
        colour = {"yes": page.style.green, NONE_FOUND: page.style.green, "?": page.style.bold}.get(mark, page.style.red)
        first, rest = (lines[0], lines[1:]) if len(mark) <= _MARK else ("", lines)
        page.lines.append(f"{name:<18} {colour}{mark:<{_MARK}}{page.style.reset} {first}".rstrip())
        for line in rest:
            page.line(line, 11)
    sharing = list(sharing_lines(report.verdicts.kinship))
    for number, line in enumerate(sharing):
        page.line(f"{'' if number else 'what seeds share':<18} {line}", 0)
    for dissent in report.dissents:
        for difference in dissent.differences:
            _draw_difference(page, dissent, difference)
    if report.cross is not None:
        for difference in report.cross.differences:
            page.title(f"{difference.label}: {report.cross.crossed.system} against native")
            _draw_objects(page, difference)
    for kind, product in report.products.items():
        for difference in product.differences:
            page.title(f"{kind}: two of them compared")
            _draw_objects(page, difference)


def _draw_table(page: Page, report: BootstrapReport) -> None:
    head = ["package", "seed", *(f"stage {number}" for number in range(report.stages)), "all agree"]
    lines = [line for item in report.items for line in _table_lines(item, len(report.seeds))]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    page.strong(_columns(head, widths), 0)
    for line in lines:
        page.line(_columns(line, widths), 0)


def _columns(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{text:<{width}}" for text, width in zip(line, widths)).rstrip()


def _table_lines(item: ItemFacts, seeds: int) -> Iterator[list[str]]:
    """Return the rows of a package. Seeds with equal rows share one; `=` marks a stage equal to the one before."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for seed, cells in item.cells.items():
        groups.setdefault(tuple(map(_short, cells)), []).append(seed)
    agreed = "never" if item.agreed_from is None else f"from stage {item.agreed_from}"
    for number, (hashes, names) in enumerate(groups.items()):
        who = "all" if len(names) == seeds and seeds > 1 else ", ".join(names)
        first = number == 0
        yield [item.item if first else "", who, *hashes, agreed if first and seeds > 1 else ""]


def _short(cell: StageResult | None) -> str:
    return "-" if cell is None else cell.path.hash[:DIGITS]


def verdicts(report: BootstrapReport) -> Iterator[tuple[str, str, list[str]]]:
    """Yield for each question the answer, the question, and the reasons as lines.

    Answers are `yes`, `NO` and `?`. Whether there is residue cannot be answered with yes or no where strings are
    compared: `NONE_FOUND` or `FOUND`.
    """
    found = report.verdicts
    yield (
        _mark(found.fixed_point),
        "fixed point",
        _fixed_point(found.fixed_points, report),
    )
    yield _mark(found.host_independence), "host independence", _independence(report)
    yield NONE_FOUND if found.no_residue else FOUND, "residue", residue_lines(found.residues)
    if report.cross is not None:
        yield _mark(report.cross.crossed.holds), "native is cross", _cross_lines(report.cross.crossed)
    for kind, product in report.products.items():
        holds = product.published.holds if len(report.seeds) > 1 else None
        yield _mark(holds), f"one {kind}", _product_lines(kind, product)


def _cross_lines(crossed: Crossed) -> list[str]:
    """Return whether the last stage is what another system compiles for this one."""
    if crossed.obstacle is not None:
        return [crossed.obstacle]
    if not crossed.divergences:
        number = len(crossed.items)
        return [
            f"{'both' if number == 2 else f'all {number}' if number > 2 else 'the one'}"
            f" package{'s' if number > 1 else ''} {'are' if number > 1 else 'is'} what {crossed.system} compiles for"
            f" {crossed.architecture}, file by file"
        ]
    lines = []
    for divergence in crossed.divergences:
        who = _list([seed for _, seeds in divergence.natives for seed in seeds])
        lines.append(f"{divergence.item} is not what {crossed.system} compiles for {crossed.architecture}: {who}")
    return lines


def _product_lines(kind: str, product: ProductFacts) -> list[str]:
    """Return what each seed ends in for others."""
    camps = zip(product.published.camps, product.digests)
    if product.published.holds:
        ((_, seeds), digest) = next(camps)
        what, article = "image", "an "
        if kind == REPOSITORY:
            what, article = f"{count(product.files, 'package')} of apk", ""
        same = f"all seeds end in the same {what}" if len(seeds) > 1 else f"{seeds[0]} ends in {article}{what}"
        return [same, f"blake3:{digest}"]
    return [f"blake3:{digest}: {_list(list(seeds))}" for (_, seeds), digest in camps]


def _mark(holds: bool | None) -> str:
    return "?" if holds is None else "yes" if holds else "NO"


def _fixed_point(points: Sequence[FixedPoint], report: BootstrapReport) -> list[str]:
    last = report.stages - 1
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


def _independence(report: BootstrapReport) -> list[str]:
    found, last = report.verdicts.agreement, report.stages - 1
    if not found.dissents:
        if len(found.seeds) < 2:
            return ["one seed cannot show it: name another with --seeds"]
        lines = [
            f"{_every(len(found.seeds))} agree in stage {last}, file by file ({count(len(report.items), 'package')})"
        ]
        groups = found.toolchains or ()
        if len(groups) < 2:
            lines[0] = f"{_every(len(found.seeds))} agree, but they are only {count(len(groups), 'toolchain')}:"
            lines.append("independence takes two unrelated toolchains")
        elif len(groups) < len(found.seeds):
            lines[0] += f"; they are {count(len(groups), 'toolchain')}"
        return [*lines, *suspicion_lines(report.verdicts.suspicions)]
    camps = " | ".join(_list(camp) for camp in found.camps)
    return [
        f"stage {last} differs between seeds: {camps}; a majority proves nothing",
        *(sentence for facts in report.dissents for sentence in _dissent(facts)),
        *suspicion_lines(report.verdicts.suspicions),
    ]


def _dissent(facts: Mismatch) -> Iterator[str]:
    """Return which seeds differ, and in which files."""
    (first, most), *others = facts.camps
    reports = {report.difference.after: report for report in facts.differences}
    for path, seeds in others:
        who = f"{_list(most)} against {_list(seeds)}"
        report = reports.get(path) if path is not None and first is not None else None
        if report is None:
            yield f"{facts.item} is missing in one, not in the other: {who}"
            continue
        files = [f"`{change.path}`" for change in report.difference.files]
        named = _list(files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
        yield f"{named} of {facts.item} {'differs' if len(files) == 1 else 'differ'}: {who}"


def suspicion_lines(suspicions: Sequence[Suspicion]) -> list[str]:
    """Yield the findings that stage 0 shows alone."""
    lines = []
    for kind, item, seeds in suspicions:
        who = _list(seeds)
        if kind == "twins":
            lines.append(
                f"{who}: their compilers produced the same {item} in stage 0; unrelated honest compilers do not"
            )
        elif kind == "at-rest":
            lines.append(
                f"{who}: {item} of stage 0 equals stage 1; an honest compiler does not reproduce its product's code"
            )
        else:
            lines.append(
                f"{who}: {item} of stage 0 differs although sources and recipe are equal: the compiler of one of"
            )
            lines.append("  these seeds miscompiled the next compiler, or the build of the package is not reproducible")
    return lines


def sharing_lines(kin: Kinship) -> Iterator[str]:
    """Yield what seeds share, and which of them count as one."""
    count_of = {makeup.seed: len(makeup.files) for makeup in kin.makeups}
    if kin.common is not None:
        everybody = "both" if len(kin.makeups) == 2 else f"all {NUMBERS.get(len(kin.makeups), len(kin.makeups))}"
        files = _files_of(kin.common) or "no file"
        more = f" ({count(len(kin.common.files), 'file')})" if len(kin.common.files) > MOST_NAMED else ""
        yield f"{everybody}: {files}{more}{_programs_of(kin.common)}"
    for pair in kin.pairs:
        one, other = pair.seeds
        if kin.common is None or pair[1:] != kin.common[1:]:
            of = f"{count(len(pair.files), 'file')} of {count_of[one]} and {count_of[other]}"
            yield f"{one} and {other} share {of}{_trees_of(pair)}{_programs_of(pair)}"
    for seeds in kin.toolchains or ():
        if len(seeds) > 1:
            yield f"{' and '.join(seeds)} count as one toolchain: they share a compiler"
    counted = {seed for seeds in kin.toolchains or () for seed in seeds}
    for makeup in kin.makeups:
        if makeup.is_descendant:
            yield f"{makeup.seed} is what these stages end in, and does not count as a toolchain"
        elif kin.toolchains is not None and makeup.seed not in counted:
            yield f"{makeup.seed} has no compiling program, and does not count as a toolchain"


MOST_NAMED = 6
NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six"}


def _files_of(shared: Shared) -> str:
    names = [_short_name(name) for name in shared.files]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return _list(names[:MOST_NAMED]) + more


def _short_name(name: str) -> str:
    """Return a short name for an archive such as `make_4.3-4.1_amd64.deb`."""
    parts = name.removesuffix(".deb").split("_")
    return f"{parts[0]} {parts[1]}" if name.endswith(".deb") and len(parts) > 1 else name


def _trees_of(shared: Shared) -> str:
    return f", {count(len(shared.trees), 'tree')} of other origin" if shared.trees else ""


def _programs_of(shared: Shared) -> str:
    roles = list(dict.fromkeys(role for role, _ in shared.programs))
    named = ", ".join({"tool": "other binary tools or libraries"}.get(role, f"the {role}") for role in roles)
    return f"; they share {named}" if named else ""


def residue_lines(residues: Sequence[Residue]) -> list[str]:
    """Yield the residue of seeds, or that none was found."""
    if all(residue.holds for residue in residues):
        shared = max(len(residue.shared) for residue in residues)
        elsewhere = max(residue.elsewhere for residue in residues)
        lines = [
            "no reference to a seed, no file of a seed, no path to a seed that bypasses stage 0;",
            f"no string of a seed's toolchain: the sources contain all {shared} strings that they share",
        ]
        if elsewhere:
            lines[-1] += ","
            lines.append(
                f"or a chain from another toolchain has them ({count(elsewhere, 'file or string', 'files and strings')})"
            )
        return [*lines, BLIND]
    lines = []
    for residue in residues:
        lines += [f"{residue.seed}: the closure holds {path}" for path in residue.references]
        lines += [
            f"{residue.seed}: a path bypasses stage 0: {' <- '.join(step.name for step in way)}" for way in residue.ways
        ]
        lines += [
            f"{residue.seed}: `{survivor.file}` of {survivor.path.name} is the file `{survivor.origin}` of the seed"
            for survivor in residue.survivors[:ECHOES_SHOWN]
        ]
        if len(residue.survivors) > ECHOES_SHOWN:
            lines.append(f"{residue.seed}: {len(residue.survivors) - ECHOES_SHOWN} more of its files")
        lines += [
            f"{residue.seed}: no stage compiled `{item.file}` of {item.path.name}: a source has it as it is"
            for item in residue.prebuilt[:ECHOES_SHOWN]
        ]
        if len(residue.prebuilt) > ECHOES_SHOWN:
            lines.append(f"{residue.seed}: {len(residue.prebuilt) - ECHOES_SHOWN} more files that no stage compiled")
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


def _draw_difference(page: Page, dissent: Mismatch, report: ObjectReport) -> None:
    camps = {path: seeds for path, seeds in dissent.camps}
    before, after = report.difference.before, report.difference.after
    page.title(f"{dissent.item}: {_list(camps[before])} against {_list(camps[after])}")
    _draw_objects(page, report)


def _draw_objects(page: Page, report: ObjectReport) -> None:
    before, after = report.difference.before, report.difference.after
    page.dim(f"{before}")
    page.dim(f"{after}")
    draw_files(page, report.difference.files, 1)
    draw_contents(page, report, 1)
