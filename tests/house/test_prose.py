"""Pages, `--help` and messages are plain technical English; what is not yet is listed, and the list becomes shorter."""

from __future__ import annotations

import pytest

from . import prose

SOURCES = prose.sources()
PENDING = prose.pending()


@pytest.mark.parametrize("name", sorted(set(SOURCES) - set(PENDING)))
def test_a_source_has_no_faults(name: str) -> None:
    found = prose.faults(name, SOURCES[name])
    assert not found, "\n".join(f"{name}:{fault.line}: {fault.reason}" for fault in found)


@pytest.mark.parametrize("name", PENDING)
def test_a_pending_source_still_has_faults(name: str) -> None:
    assert name in SOURCES, f"{name} does not exist any more: remove it from {prose.PENDING.name}"
    assert prose.faults(name, SOURCES[name]), f"{name} has no faults any more: remove it from {prose.PENDING.name}"


def test_the_list_is_sorted_and_has_each_source_once() -> None:
    assert sorted(set(PENDING)) == PENDING


def test_words_are_found_outside_code() -> None:
    text = "A folder, `a folder`, and [a page](folder.md).\n\n    a folder\n\n```\na folder\n```\n"
    assert [fault.line for fault in prose.faults("x.md", text)] == [1]
    assert prose.faults("x.md", "Nothing [is there](x.md).\n")[0].reason == "'is there': exists"


def test_a_long_line_ends_at_a_sentence() -> None:
    sentence = "A line may be as long as its one sentence, even if that one takes more than a hundred columns of text."
    assert len(sentence) > prose.WIDTH
    assert prose.faults("x.md", sentence + "\n") == []
    assert len(prose.faults("x.md", sentence + " Another\nsentence.\n")) == 1
    assert len(prose.faults("x.md", f"First. {sentence}\n")) == 1
    assert prose.faults("x.md", "| " + "long " * 50 + "|\n") == []


def test_a_sentence_has_at_most_forty_words() -> None:
    words = "word\n" * prose.LONGEST
    assert prose.faults("x.md", words) == []
    assert len(prose.faults("x.md", words + "more.\n")) == 1
