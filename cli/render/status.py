"""The report of a bulk build: a self-contained page, and data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ... import __version__
from ..progress.format import duration
from .bootstrap.markup import Markup, element, join
from .bootstrap.style import STYLE
from .page import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ops.packages.bulk import BulkReport, FailedStep, PackageStatus, Verdict

COUNTED: Final[tuple[Verdict, ...]] = ("built", "present", "failed", "skipped", "broken", "not evaluated")
"""All verdicts, in the order of the page."""
_WORDS: Final[dict[Verdict, str]] = {
    "present": "there already",
    "broken": "cannot be built here",
    "not evaluated": "cannot be evaluated",
}
_COLOURS: Final[dict[Verdict, str]] = {
    "built": "passing-3", "present": "final", "failed": "dissent", "skipped": "passing-1", "broken": "none",
    "not evaluated": "passing-2",
}  # fmt: skip
_SHOWN: Final = 12
"""Names of affected packages that are shown; the others open with a click."""
_MORE_STYLE: Final = """
.status { display: inline-block; padding: 0 .45rem; border-radius: 3px; background: rgb(var(--c)); color: var(--on); font-size: .8rem;
  font-weight: 600; white-space: nowrap }
.failure { padding: 1rem 1.15rem; border: 1px solid rgb(var(--line)); border-left: 4px solid rgb(var(--orange)); border-radius: 6px; background: var(--raised) }
.failure + .failure { margin-top: 1rem }
.failure h3 { margin-top: 0 }
.failure pre { margin-top: .6rem }
td.number { text-align: right; white-space: nowrap }
td.reason { color: rgb(var(--quiet)); overflow-wrap: anywhere }
"""


def count_of(verdict: Verdict) -> str:
    """Return a verdict in words: `3 cannot be evaluated`."""
    return _WORDS.get(verdict, verdict)


def status_data(report: BulkReport) -> dict[str, Any]:
    """Return the report as JSON types (docs/builder.md)."""
    return {
        "format": "chx status 1",
        "version": __version__,
        "set": report.set,
        "holds": report.holds,
        "seconds": round(report.seconds, 3),
        "counts": {verdict: len(report.of(verdict)) for verdict in COUNTED},
        "packages": [
            {
                "attribute": package.attribute,
                "name": package.name,
                "verdict": package.verdict,
                "derivation": None if package.derivation is None else str(package.derivation),
                "outputs": list(map(str, package.outputs)),
                "seconds": None if package.seconds is None else round(package.seconds, 3),
                "reason": package.reason,
                "neededBy": list(package.needed_by),
            }
            for package in report.packages
        ],
        "failures": [
            {
                "derivation": str(step.derivation),
                "name": step.name,
                "code": step.code,
                "message": step.message,
                "phase": step.phase,
                "seconds": step.seconds,
                "lastLines": list(step.tail),
                "log": step.log,
                "affected": list(step.affected),
            }
            for step in report.failures
        ],
    }


def page_of(report: BulkReport) -> str:
    """Return the page. Equal reports give equal pages."""
    title = f"{report.set}: {count(len(report.packages), 'package')}"
    answer, verdict = ("yes", "All built") if report.holds else ("no", "Not all built")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"chx {__version__}"),
        element("title", f"{title}: {verdict.lower()}"),
        element("style", Markup(STYLE + _MORE_STYLE)),
    )
    figures = [(count_of(one), str(len(report.of(one)))) for one in COUNTED] + [("time", duration(report.seconds))]
    header = element(
        "header",
        element("p", "chx build --all", class_="kind"),
        element("h1", title),
        element("p", element("strong", verdict), class_=f"result {answer}"),
        element("dl", *(element("div", element("dt", name), element("dd", text)) for name, text in figures)),
    )
    footer = element("footer", element("p", f"Written by chx {__version__}."))
    body = element("body", header, element("main", *_sections(report)), footer)
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}"


def _sections(report: BulkReport) -> list[Markup]:
    found = []
    if report.failures:
        failures = sorted(report.failures, key=lambda step: (-len(step.affected), step.name))
        found.append(_section("Failures", "failures", *map(_failure, failures)))
    for verdict, title in (
        ("not evaluated", "Cannot be evaluated"), ("skipped", "Skipped"), ("broken", "Cannot be built in this set"),
    ):  # fmt: skip
        packages = [package for package in report.packages if package.verdict == verdict]
        if packages:
            found.append(_section(title, verdict.replace(" ", "-"), _reasons(packages)))
    found.append(_section("Packages", "packages", _table(report.packages)))
    return found


def _section(title: str, name: str, *content: Markup) -> Markup:
    return element("section", element("h2", title, id=name), *content, aria_labelledby=name)


def _failure(step: FailedStep) -> Markup:
    where = [f"phase {step.phase}"] if step.phase else []
    where += [f"after {duration(step.seconds)}"] if step.seconds is not None else []
    parts = [
        element("h3", step.name, " ", element("small", ", ".join([step.code, *where]))),
        element("p", *_lines(step.message)),
    ]
    if step.tail:
        parts.append(element("pre", "\n".join(step.tail), tabindex=0))
    if step.log is not None:
        parts.append(element("p", "The whole log: ", element("code", f"chx log {step.derivation}"), class_="note"))
    parts.append(element("p", "Affected: ", _names(step.affected) if step.affected else "no package"))
    return element("div", *parts, class_="failure", id=f"failure-{step.derivation.hash}")


def _lines(text: str) -> list[Markup]:
    """Return the lines of a text, with breaks between them."""
    first, *rest = text.split("\n")
    return [join(first), *(join(element("br"), line) for line in rest)]


def _names(names: Sequence[str]) -> Markup:
    """Return names of packages; many open with a click."""
    if len(names) <= _SHOWN:
        return join(", ".join(names))
    more = element(
        "details", element("summary", f"{len(names) - _SHOWN} more"), element("p", ", ".join(names[_SHOWN:]))
    )
    return join(", ".join(names[:_SHOWN]), more)


def _reasons(packages: Sequence[PackageStatus]) -> Markup:
    rows = [
        element(
            "tr",
            element("th", package.attribute, scope="row"),
            element("td", *_lines(package.reason or ""), class_="reason"),
        )
        for package in packages
    ]
    return _scrolled(element("thead", _headings("package", "why")), element("tbody", *rows))


def _table(packages: Sequence[PackageStatus]) -> Markup:
    rows = [
        element(
            "tr",
            element("th", package.attribute, scope="row"),
            element("td", package.name),
            element("td", element("span", count_of(package.verdict), class_=f"status {_COLOURS[package.verdict]}")),
            element("td", "" if package.seconds is None else duration(package.seconds), class_="number"),
            element("td", *_needed_by(package)),
            element("td", *(join(element("code", str(path)), element("br")) for path in package.outputs)),
        )
        for package in packages
    ]
    headings = _headings("package", "name", "status", "time", "needed by", "store path")
    return _scrolled(element("thead", headings), element("tbody", *rows))


def _needed_by(package: PackageStatus) -> list[Markup]:
    names = package.needed_by
    if not names:
        return []
    return [element("details", element("summary", count(len(names), "package")), element("p", ", ".join(names)))]


def _headings(*names: str) -> Markup:
    return element("tr", *(element("th", name, scope="col") for name in names))


def _scrolled(*content: Markup) -> Markup:
    return element("div", element("table", *content), class_="scroll")
