"""Tokenise a text with a stack of modes of its own, without the parser.

Serves to explain syntax errors, and raises errors of malformed tokens.
"""

from __future__ import annotations

from .build import ATOMS
from .lexer import ENDING, RESTS, Kinds, rest_terminal, terminal_of
from .patterns import pattern
from .runs import tokens_of
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def scan(text: str, kinds: Kinds, pipes: bool = False) -> Iterator[tuple[str, str, int, int]]:
    """(terminal, text, start, end) of each token, the last one `$END`. Raises UnlocatedParseError.

    The terminal of a character that no token begins with is "". A broken literal is
    raised only after its opening, which may be unexpected already.
    """
    rests = [pattern(name) for _, name in RESTS]
    size = len(text)
    text += ENDING
    leading = pattern("leading").match(text)
    assert leading is not None
    start = leading.end()
    modes: list[tuple[int, int] | None] = []
    tokens = tokens_of(text, pattern("token"))
    matches = tokens(text, start)
    while True:
        match = next(matches)
        word = match[1]
        if not word:
            start = min(start, size)
            yield "$END", "", start, start
            return
        end = start + len(word)
        terminal = word if word in kinds else terminal_of(word)
        if word in ("<|", "|>") and not pipes:
            raise UnlocatedParseError(
                "experimental Nix feature 'pipe-operators' is disabled; "
                "add '--extra-experimental-features pipe-operators' to enable it",
                start,
                end,
                hint="apply the function in the ordinary way: `f x` instead of `x |> f`",
            )
        if terminal in ("INT", "FLOAT"):
            ATOMS["integer" if terminal == "INT" else "float"](word, start, end)
        if terminal == "" and (word == '"' or text.startswith("''", start)):
            mode = 0 if word == '"' else 1
            inside = start + 2 - (mode == 0)
            yield RESTS[mode][0] + "_OPEN", text[start:inside], start, inside
            raise _unfinished(mode, start, inside, text, size)
        if terminal == "" and "/" in word and len(word) > 1:
            yield "PATH_OPEN", word, start, end
            raise _bad_path(word, start, end)
        yield terminal, word, start, end
        if terminal in ("{", "${"):
            modes.append(None)
        elif terminal.endswith("_OPEN"):
            modes.append((_MODES[terminal], start))
        elif terminal == "}" and modes:
            opened = modes.pop()
            if opened is not None:
                mode, begin = opened
                rest = rests[mode].match(text, end)
                if rest is None:
                    raise _unfinished(mode, begin, end, text, size)
                match = rest
                start = end
                word = match[1]
                end = start + len(word)
                terminal = rest_terminal(mode, word)
                if terminal.endswith("_MIDDLE"):
                    modes.append(opened)
                if terminal:
                    yield terminal, word, start, end
                elif word:
                    raise _bad_path(word, start, end)
                matches = tokens(text, match.end())
        start = match.end()


_MODES = {"STRING_OPEN": 0, "IND_OPEN": 1, "PATH_OPEN": 2}


def _unfinished(mode: int, begin: int, start: int, text: str, size: int) -> UnlocatedParseError:
    """Return the error of a string that began at `begin` and whose text from `start` on is unterminated or holds a NUL."""
    match = pattern("string text" if mode == 0 else "indented text").match(text, start)
    assert match is not None
    end = match.end()
    if end < size and text[end] in "\\$'":
        # Only the character that belongs to it is missing.
        end += 1
    end = min(end, size)
    if end < size:
        return UnlocatedParseError(
            f"input string '{_with_nul(mode, start, end, text[:size])}' cannot be represented as Nix string because it contains null bytes",
            start,
            end + 1,
            hint="a string cannot hold a NUL",
            code="E107",
        )
    expected = "'\"'" if mode == 0 else "indented string or '${' or end of an indented string"
    quote = '"' if mode == 0 else "''"
    return UnlocatedParseError(
        f"syntax error, unexpected end of file, expecting {expected}",
        end,
        end,
        hint=f"close the string with {quote}",
        other=(begin, begin + len(quote)),
        other_text="the string begins here",
    )


def _with_nul(mode: int, start: int, nul: int, text: str) -> str:
    """Return the content of a string up to its end or the next interpolation, with marks for NULs, of which the first is at `nul`."""
    import re

    from .text import unescape

    if mode == 0:
        match = re.compile(r"""(?:[^$"\\]|\$(?!\{)|\\[\s\S])*""").match(text, start)
        assert match is not None
        found = unescape(match[0])
    else:
        # Nix reads such a string in pieces, and shows the one.
        opening = re.compile(r" *\n").match(text, start)
        at = opening.end() if opening is not None and text[start - 2 : start] == "''" else start
        pieces = re.compile(r"""((?:[^$']|\$[^{']|'[^'$])+)|''(?:\$|'|\\[\s\S])|[$']""")
        match = pieces.match(text, at)
        while match is not None and match.end() <= nul:
            match = pieces.match(text, match.end())
        assert match is not None
        found = match[0]
    return found.replace("\0", "␀")


def _bad_path(word: str, start: int, end: int) -> UnlocatedParseError:
    if word.endswith("/"):
        return UnlocatedParseError(
            "path has a trailing slash", end - 1, end, hint="leave out the last '/'", code="E106"
        )
    at = start + word.index("//")
    return UnlocatedParseError(
        "syntax error, unexpected end of path, expecting '${'",
        at + 1,
        end,
        hint="write one '/' between the parts of a path",
        code="E106",
    )
