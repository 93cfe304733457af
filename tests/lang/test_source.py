"""Places in a source."""

from __future__ import annotations

import pytest

from chx.lang.source import Source


@pytest.mark.parametrize("text", ["", "a", "\n", "a\nbc\n\nd", "a\nb\n", "a\r\nb\rc\nd", "\r\n\r", "é\nü"])
def test_the_first_place_that_is_asked_for_is_told_like_later_ones(text: str) -> None:
    later = Source("«string»", text, "/")
    later.place(0)
    for offset in range(len(text) + 1):
        assert Source("«string»", text, "/").place(offset) == later.place(offset)


def test_lines_and_columns_count_from_one() -> None:
    source = Source("«string»", "a\nbc\r\nd", "/")
    assert [tuple(source.place(offset)) for offset in (0, 1, 2, 3, 6)] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]
