"""The lints of literals that Nix 2.34 has: URLs without quotes, and paths that are absolute or begin with a name."""

from __future__ import annotations

from .parser import kinds
from .scanner import scan
from .source import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .source import Source

LINTS: Final = ("lint-absolute-path-literals", "lint-short-path-literals", "lint-url-literals")
"""The settings, by which the lints are known."""
_ABSOLUTE, _SHORT, _URL = LINTS


def lint(source: Source, pipes: bool = False) -> Iterator[tuple[str, str, Span]]:
    """Yield the setting, the message and the place of all literals in an expression that a lint is about."""
    for terminal, word, start, end in scan(source.text, kinds(), pipes):
        if terminal == "URI":
            message = f'Consider using a string literal "{word}" instead'
            yield _URL, message, Span(start, end)
        elif terminal in ("PATH", "PATH_OPEN") and word[0] != ".":
            # Of an interpolated path Nix shows what stands before the interpolation.
            shown = word.removesuffix("${")
            if word[0] in "/~":
                what = "absolute" if word[0] == "/" else "home"
                advice = f"Consider replacing path literal '{shown}' by a string, relative path, or parameter"
                yield _ABSOLUTE, f"{what} path literals are not portable. {advice}", Span(start, end)
            else:
                message = f"relative path literal '{shown}' should be prefixed with '.' for clarity: './{shown}'"
                yield _SHORT, message, Span(start, end)
