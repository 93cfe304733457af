"""Tokenise texts with long runs of characters that can begin paths and URIs.

Whether a path or a URI begins at a character depends on the end of the run of such characters around it. In `a.a.a...`
or `-----...` each token would search for that end anew, in quadratic time. Nearly all runs are short; in a text with a
long one, the end of the run is determined once, and tokens that cannot begin a path or URI are matched by a pattern
without those.
"""

from __future__ import annotations

from .patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator
    from typing import Final, TypeAlias

    Tokens: TypeAlias = Callable[[str, int], Iterator[re.Match[str]]]

_SHORT: Final = 100
"""Most characters of a run that a token may be searched through."""


def tokens_of(text: str, token: re.Pattern[str]) -> Tokens:
    """Return a function that yields the tokens of `text` from an offset on: matches of `token`, the pattern of that name."""
    if pattern("long run").search(text) is None:
        return token.finditer
    return _Runs(token).tokens


class _Runs:
    def __init__(self, token: re.Pattern[str]) -> None:
        self._token = token
        self._plain = pattern("plain token")
        self._run = pattern("run")
        self._uri_run = pattern("uri run")
        self._after_run = pattern("after run")
        self.looked_at = 0
        """Number of characters read to find the end of a run."""

    def tokens(self, text: str, start: int) -> Iterator[re.Match[str]]:
        end = start
        is_path = is_uri = False
        no_uri = start
        while True:
            if start >= end:
                run = self._run.match(text, start)
                assert run is not None
                end = run.end()
                self.looked_at += end - start
                after = self._after_run.match(text, end)
                is_path = after is not None and after[0] == "/"
                is_uri = after is not None and after[0] == ":"
                no_uri = start
            # A URI begins with a letter, and its run does not hold all characters of one for paths.
            is_uri_here = is_uri and start >= no_uri and text[start].isalpha()
            full = is_path or is_uri_here or end - start < _SHORT
            match = (self._token if full else self._plain).match(text, start)
            assert match is not None
            if is_uri_here and match.end(1) <= end:
                run = self._uri_run.match(text, start)
                assert run is not None
                no_uri = run.end()
                self.looked_at += no_uri - start
            yield match
            start = match.end()
