"""Sentences and lists of the page: verdicts, differences, seeds, residue, and commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ....ops.bootstrap.equality import classes_of_items, classes_of_stages
from ....ops.bootstrap.running import DEFAULT_STAGES
from ....ops.bootstrap.string_evidence import MOST
from ...progress.format import size
from ..files import draw_contents, draw_files
from ..page import Page, count
from ..style import Style
from .markup import Markup, element, join, sentence
from .text import BLIND, FOUND, NONE_FOUND, sharing_lines, suspicion_lines, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ....ops.bootstrap import Residue
    from ....ops.bootstrap.equality import Class
    from ....ops.bootstrap.report import BootstrapReport, Mismatch, SeedFacts
    from ....ops.bootstrap.residue import SharedString
    from ....ops.diff.comparison import ObjectReport

MOST_LINES: Final = 1500
"""Lines of one difference: who needs more of them has `chx diff --full`."""
_ANSWERS: Final = {
    "yes": ("yes", "yes"),
    NONE_FOUND: ("yes", "none found"),
    FOUND: ("no", "found"),
    "NO": ("no", "no"),
    "?": ("unknown", "unknown"),
}
MOST_STRINGS: Final = 2000
"""Strings of one list."""
_SHAPES: Final = {
    "yes": "M6 12.5l4 4 8-9",
    "no": "M7 7l10 10M17 7l-10 10",
    "unknown": "M9 9.2a3 3 0 1 1 4.4 2.6c-1 .6-1.4 1.1-1.4 2.2M12 17.2v.1",
}


def icon(answer: str) -> Markup:
    """Return an icon for `yes`, `no` or `unknown`; a word always accompanies it."""
    shape = element("path", d=_SHAPES[answer])
    return element(
        "svg", element("circle", cx=12, cy=12, r=11), shape, viewBox="0 0 24 24", aria_hidden="true", class_="icon"
    )


def draw_verdicts(report: BootstrapReport) -> Markup:
    """Draw the three questions side by side."""
    return element("div", *(_verdict(*found) for found in verdicts(report)), class_="verdicts")


def _verdict(mark: str, question: str, lines: list[str]) -> Markup:
    style, answer = _ANSWERS[mark]
    return element(
        "section",
        element("h2", icon(style), " ", question, element("strong", answer)),
        *(element("p", sentence(text)) for text in _sentences(lines)),
        class_=f"verdict {style}",
    )


def _sentences(lines: list[str]) -> Iterator[str]:
    """Join lines that continue after a comma; leave out examples, which are further down on the page."""
    text = ""
    for line in lines:
        if not line.startswith("  "):
            text = f"{text} {line}".strip()
            if not text.endswith(","):
                yield text.removesuffix(":")
                text = ""
    if text:
        yield text


def draw_lead(report: BootstrapReport) -> Markup:
    """Draw the result in a sentence."""
    seeds = len(report.seeds)
    if report.holds:
        every = "Both seeds end" if seeds == 2 else f"All {seeds} seeds end"
        return element(
            "p",
            f"{every} in the same bytes. Built with themselves they give themselves, "
            "and nothing of a seed was found in them.",
            class_="lead",
        )
    parts: list[str] = []
    camps = report.verdicts.agreement.camps
    if len(camps) > 1:
        parts.append(f"The seeds end in {len(camps)} different results: {'; '.join(map(_and, camps))}.")
        parts.append("A majority proves nothing.")
        parts += [f"{line[:1].upper()}{line[1:]}." for line in suspicion_lines(report.verdicts.suspicions)]
    else:
        failed = [question for mark, question, _ in verdicts(report) if mark not in ("yes", NONE_FOUND)]
        parts.append(f"Not shown: {_and(failed)}.")
    return element("p", " ".join(parts), class_="lead")


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def draw_differences(report: BootstrapReport) -> Markup:
    """Draw a section for each package on which seeds disagree."""
    if not report.dissents:
        seeds = len(report.seeds)
        if seeds == 1:
            return element("p", "There is one seed, and nothing to compare it with.")
        who = "both seeds" if seeds == 2 else f"all {seeds} seeds"
        return element("p", f"None in the last stage: {count(len(report.items), 'package')}, the same for {who}.")
    classes = {facts.item: equality for facts, equality in zip(report.items, classes_of_items(report))}
    sections = []
    for number, facts in enumerate(report.dissents, 1):
        found = {seed: cells[-1] for seed, cells in classes[facts.item].cells.items()}
        camps = [_camp(found[seeds[0]], str(path or "not there"), seeds) for path, seeds in facts.camps]
        reports = [_report(facts, found) for found in facts.differences]
        sections.append(
            element(
                "section",
                element("h3", facts.item),
                element("ul", *camps, class_="camps"),
                *reports,
                id=f"difference-{number}",
                class_="difference",
            )
        )
    return join(*sections)


def _camp(cls: Class | None, path: str, seeds: Sequence[str]) -> Markup:
    badge = element("b", cls.letter) if cls is not None else element("b", "-")
    style = cls.style if cls is not None else "none"
    return element("li", badge, " ", element("span", ", ".join(seeds)), " ", element("code", path), class_=style)


def _report(facts: Mismatch, report: ObjectReport) -> Markup:
    camps = {path: seeds for path, seeds in facts.camps}
    one, other = (", ".join(camps.get(path, ())) for path in (report.difference.before, report.difference.after))
    brief, full = _lines(report, is_full=False), _lines(report, is_full=True)
    parts = [element("h4", f"{one} against {other}"), _pre(brief)]
    if full != brief:
        shown = full[:MOST_LINES]
        if len(shown) < len(full):
            shown.append(f"... {len(full) - len(shown)} more lines")
        parts.append(element("details", element("summary", f"All {len(full)} lines"), _pre(shown)))
    return join(*parts)


def _lines(report: ObjectReport, is_full: bool) -> list[str]:
    # Without a stream, lines have no colours.
    page = Page(Style(None), is_full)
    draw_files(page, report.difference.files, 0)
    draw_contents(page, report, 0)
    return page.lines


_SIGNS: Final = {"-": "removed", "+": "added", "~": "changed"}


def _pre(lines: Sequence[str]) -> Markup:
    marked = [
        element("span", line, class_=_SIGNS.get(line.lstrip()[:1], "plain")) if line else Markup("") for line in lines
    ]
    return element("pre", Markup("\n".join(marked)), tabindex=0)


def draw_seeds(report: BootstrapReport) -> Markup:
    """Draw a card for each seed."""
    cards = element("div", *(_seed(report, seed) for seed in report.seeds), class_="seeds")
    sharing = [element("li", line) for line in sharing_lines(report.verdicts.kinship)]
    if sharing:
        cards = join(cards, element("h3", "What they share"), element("ul", *sharing, class_="sharing"))
    if not any(seed.impure for seed in report.seeds):
        return cards
    return join(element("p", "An impure seed is what one machine had: elsewhere it is another one."), cards)


def _seed(report: BootstrapReport, seed: SeedFacts) -> Markup:
    cls = classes_of_stages(report).of_stage(seed.name, -1)
    flag = element("em", "impure") if seed.impure else Markup("")
    return element(
        "section",
        element("h3", seed.name, " ", flag),
        element("p", seed.description or "no description"),
        element(
            "p",
            f"{count(seed.objects, 'object')}, {size(seed.size)}; ends in ",
            element("b", cls.letter, class_=cls.style),
            class_="note",
        ),
        class_=f"seed {cls.style}",
    )


def draw_residue(report: BootstrapReport) -> Markup:
    """Draw for each seed its references, files, ways past stage 0 and strings."""
    cards = element("div", *(_residue(residue) for residue in report.verdicts.residues), class_="residues")
    return join(cards, element("p", f"{BLIND[:1].upper()}{BLIND[1:]}.", class_="note"))


def _residue(residue: Residue) -> Markup:
    answer = "yes" if residue.holds else "no"
    common = f"{count(len(residue.shared), 'string')} in common with its toolchain, "
    strings = "none found outside of the sources" if not residue.echoes else f"{_many(residue)} in no source"
    parts = [element("h3", icon(answer), " ", residue.seed), element("p", common, strings)]
    if residue.elsewhere:
        many = count(residue.elsewhere, "file or string", "files and strings")
        parts.append(element("p", f"{many}: accounted for by a chain from another toolchain", class_="note"))
    if residue.references:
        paths = (element("li", element("code", str(path))) for path in residue.references)
        parts.append(_details(f"{count(len(residue.references), 'object')} of the seed in the closure", *paths))
    if residue.survivors:
        files = (
            element("li", element("code", f"{item.path.name}: {item.file}"), " ", element("small", item.origin))
            for item in residue.survivors[:MOST_STRINGS]
        )
        parts.append(_details(f"{count(len(residue.survivors), 'file')} of the seed, byte for byte", *files))
    if residue.prebuilt:
        files = (
            element("li", element("code", f"{item.path.name}: {item.file}")) for item in residue.prebuilt[:MOST_STRINGS]
        )
        parts.append(_details(f"{count(len(residue.prebuilt), 'file')} of machine code that no stage compiled", *files))
    if residue.ways:
        ways = (element("li", element("code", " <- ".join(step.name for step in way))) for way in residue.ways)
        parts.append(_details(f"{count(len(residue.ways), 'way')} past stage 0", *ways))
    if residue.echoes:
        parts.append(_details(f"{_many(residue)} that no source accounts for", *_strings(residue.echoes)))
    if residue.shared:
        parts.append(_details(f"{count(len(residue.shared), 'string')} in common", *_strings(residue.shared)))
    return element("section", *parts, class_=f"residue {answer}")


def _strings(echoes: Sequence[SharedString]) -> Iterator[Markup]:
    """List the longest strings, each with its file."""
    longest = sorted(echoes, key=lambda echo: (-len(echo.text), echo.text))
    for echo in longest[:MOST_STRINGS]:
        yield element("li", element("code", echo.text), " ", element("small", f"{echo.path.name}: {echo.file}"))
    if len(longest) > MOST_STRINGS:
        yield element("li", f"... and {len(longest) - MOST_STRINGS} shorter ones")


def _many(residue: Residue) -> str:
    more = " or more" if len(residue.echoes) >= MOST else ""
    return f"{len(residue.echoes)}{more} {'string' if len(residue.echoes) == 1 else 'strings'}"


def _details(title: str, *items: Markup) -> Markup:
    return element("details", element("summary", title), element("ul", *items))


def draw_origin(report: BootstrapReport) -> Markup:
    """Draw when and where the report was made, and who signed it."""
    origin = report.origin
    facts: list[tuple[str, str | Markup]] = [
        ("date", origin.date),
        ("machine", origin.machine),
        ("all derivations", element("code", origin.packages)),
    ]
    if origin.proof is not None:
        # A page and its proof are usually in one directory; elsewhere the name still identifies the proof.
        name = origin.proof.rpartition("/")[2]
        facts.append(("proof", element("a", name, href=quote(name, errors="surrogateescape"))))
    if origin.key is not None and origin.signature is not None:
        facts += [("signed by", element("code", origin.key)), ("signature", element("code", origin.signature))]
    else:
        facts.append(("signature", "none: chx bootstrap --proof FILE signs what was found"))
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", *rows, class_="origin")


def draw_commands(report: BootstrapReport) -> Markup:
    """Draw the commands that reproduce the report and show more."""
    seeds = ",".join(seed.name for seed in report.seeds)
    stages = [] if report.stages == DEFAULT_STAGES else ["--stages", str(report.stages)]
    words = [["chx", "bootstrap", report.set, "--seeds", seeds, *stages, "--report", "report.html"]]
    if report.origin.proof is not None:
        words.append(["chx", "bootstrap", "--replay", report.origin.proof.rpartition("/")[2]])
    for dissent in report.dissents:
        there = [members[0] for path, members in dissent.camps if path is not None]
        words += [
            ["chx", "diff", *(_attribute(report, seed, dissent.item) for seed in (there[0], other))]
            for other in there[1:]
        ]
    return element(
        "pre", Markup("\n".join(element("span", shlex.join(line), class_="command") for line in words)), tabindex=0
    )


def _attribute(report: BootstrapReport, seed: str, item: str) -> str:
    return f"bootstrap.{report.set}.{seed}.stage{report.stages - 1}.packages.{item}"
