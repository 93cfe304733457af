"""A bootstrap as a page for a browser: one self-contained file, made from the report alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import __version__
from ....ops.bootstrap.equality import classes_of_stages
from ...progress.format import duration, size
from ..page import count
from .findings import (
    draw_commands,
    draw_differences,
    draw_lead,
    draw_origin,
    draw_residue,
    draw_seeds,
    draw_verdicts,
    icon,
)
from .graph import draw_graph
from .markup import Markup, element, join
from .style import STYLE
from .table import draw_objects, draw_packages, draw_totals

if TYPE_CHECKING:
    from ....ops.bootstrap.report import BootstrapReport


def page_of(report: BootstrapReport) -> str:
    """Return the page. Equal reports give equal pages."""
    title = f"{report.set}: {count(report.stages, 'stage')} from {count(len(report.seeds), 'seed')}"
    verdict = "proved" if report.holds else "not proved"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"chx {__version__}"),
        element("title", f"{title}: {verdict}"),
        element("style", Markup(STYLE)),
    )
    body = element("body", _header(report, title), element("main", *_sections(report)), _footer())
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}"


def _header(report: BootstrapReport, title: str) -> Markup:
    answer = "yes" if report.holds else "no"
    verdict = "Proved" if report.holds else "Not proved"
    return element(
        "header",
        element("p", "chx bootstrap", class_="kind"),
        element("h1", title),
        element("p", icon(answer), " ", element("strong", verdict), class_=f"result {answer}"),
        draw_lead(report),
        draw_verdicts(report),
        _figures(report),
    )


def _figures(report: BootstrapReport) -> Markup:
    objects = {cell.path: cell.size for item in report.items for cells in item.cells.values() for cell in cells if cell}
    figures = [
        ("packages", str(len(report.items))),
        ("distinct results", str(len(objects))),
        ("their size", size(sum(objects.values()))),
        ("built this time", str(report.builds)),
        ("known before", str(report.reused)),
        ("time", duration(report.seconds)),
    ]
    return element("dl", *(element("div", element("dt", name), element("dd", text)) for name, text in figures))


def _sections(report: BootstrapReport) -> list[Markup]:
    return [
        _section("Stages", "stages", element("figure", draw_graph(report), element("figcaption", _legend(report)))),
        _section(
            "Packages",
            "packages",
            element(
                "p",
                "Equal letters in a row are equal bytes. The code is the beginning "
                "of the store path, which follows from the content; then the size, and how long its builds took, "
                "whenever that was. What is equal is built once for all.",
            ),
            draw_packages(report),
            element("h3", "Whole stages"),
            draw_totals(report),
            element("details", element("summary", "All store paths and digests"), draw_objects(report)),
        ),
        _section("Differences", "differences", draw_differences(report)),
        _section("Seeds", "seeds", draw_seeds(report)),
        _section(
            "Residue",
            "residue",
            element(
                "p",
                "What of a seed is left in the last stage: objects of it in the closure, files of it byte for byte, ways "
                "to it other than through stage 0, and strings of its toolchain that stand in no source.",
            ),
            draw_residue(report),
        ),
        _section("Where this comes from", "origin", draw_origin(report)),
        _section(
            "Do it again",
            "again",
            element(
                "p",
                f"With chx {__version__} and the same package set, on any machine. What is on this page "
                "should come out the same, but for times and for how much was built anew; where it does not, one of "
                "the two machines has something to tell.",
            ),
            draw_commands(report),
        ),
    ]


def _section(title: str, name: str, *content: Markup) -> Markup:
    return element("section", element("h2", title, id=name), *content, aria_labelledby=name)


def _legend(report: BootstrapReport) -> Markup:
    classes = [cls for cells in classes_of_stages(report).cells.values() for cls in cells if cls is not None]
    kinds = {cls.kind for cls in classes}
    parts: list[Markup] = []
    if "final" in kinds:
        parts.append(_key("what all seeds end in" if len(report.seeds) > 1 else "what the seed ends in", "final"))
    if "passing" in kinds:
        parts.append(_key("what does not last", *sorted({cls.style for cls in classes if cls.kind == "passing"})))
    if "dissent" in kinds:
        parts.append(_key("what some of the seeds end in", "dissent"))
    text = (
        "A box is a whole stage, built with the one before it. Seeds whose stages are equal bit for bit share a "
        "box, = joins stages with the same content. The squares are packages, in the order of the table below; "
        "the code is a digest of all of them."
    )
    return join(element("span", *parts, class_="keys"), " ", text)


def _key(text: str, *styles: str) -> Markup:
    return element("span", *(element("i", class_=style) for style in styles), text, class_="key")


def _footer() -> Markup:
    return element(
        "footer",
        element(
            "p",
            "The code of a whole stage is the SHA-256 of one line per package with its name, a space and its store path.",
        ),
        element("p", f"Written by chx {__version__}."),
    )
