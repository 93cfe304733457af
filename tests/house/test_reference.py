"""Generated pages of the reference are those of the program, and links between pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import manpages, prose, reference

ROOT = reference.ROOT
WRITTEN = "run tests/house/reference.py, which writes it"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_the_page_of_options_is_that_of_the_parsers() -> None:
    assert reference.OPTIONS.read_text() == reference.options_page(), WRITTEN


def test_the_man_pages_are_those_of_the_parsers() -> None:
    assert {path.name: path.read_text() for path in reference.MAN.iterdir()} == manpages.pages(), WRITTEN


def test_man_pages_use_known_macros_alone() -> None:
    for name, text in manpages.pages().items():
        used = set(re.findall(r"^[.'](\S*)", text, re.MULTILINE))
        assert used <= {"TH", "SH", "SS", "TP", "B", "BR", "I", "nf", "fi"}, name
        assert text.startswith(".TH ") and "\n.SH NAME\n" in text


def test_every_code_has_a_cause_and_a_remedy() -> None:
    described = [error.code for error in reference.errors()]
    assert described == sorted(reference.codes())
    assert all(error.cause.endswith(".") and error.remedy.endswith((".", ";")) for error in reference.errors())


def test_the_page_of_errors_is_that_of_the_list() -> None:
    assert reference.ERRORS.read_text() == reference.errors_page(), WRITTEN


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as renderers of Markdown make them."""
    found = set()
    for line in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", line.replace("`", "").lower())
        found.add(plain.replace(" ", "-"))
    return found


def links(page: Path) -> Iterator[tuple[str, str]]:
    text = "\n".join(line for _, line in prose._prose_lines(page.read_text()))
    for target in _LINK.findall(re.sub(r"`[^`]*`", "", text)):
        if not re.match(r"[a-z]+:", target):
            place, _, anchor = target.partition("#")
            yield place, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages_and_headings(page: Path) -> None:
    for place, anchor in links(page):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{page.name}: {place}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {place}#{anchor}"


def test_every_page_is_reached_from_the_contents() -> None:
    start = ROOT / "docs" / "README.md"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for place, _ in links(page):
            target = (page.parent / place).resolve() if place else page
            if target.suffix == ".md" and target not in seen and target.is_file():
                seen.add(target)
                waiting.append(target)
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= seen
