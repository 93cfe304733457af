"""What the characters of a string literal stand for.

Pieces come without quotes, `${` and `}`. An indented string can only be
stripped as a whole, so its pieces keep their escapes until `strip`.
"""

from __future__ import annotations

import re
from typing import Union

from .nodes import Expr

_ESCAPE = re.compile(r"\\([\s\S])|\r\n?")
_MEANING = {"n": "\n", "r": "\r", "t": "\t"}


def _meaning(match: re.Match[str]) -> str:
    character: str | None = match[1]
    if character is None:
        return "\n"
    return _MEANING.get(character, character)


def unescape(text: str) -> str:
    """The meaning of the inside of `"..."`: escapes replaced, CR and CRLF made LF."""
    if "\\" in text or "\r" in text:
        return _ESCAPE.sub(_meaning, text)
    return text


_INDENTED_PIECE = re.compile(
    r"(?P<plain>(?:[^$']|\$[^{']|'[^'$])+)|''(?:(?P<quoted>['$])|\\(?P<escaped>[\s\S]))|(?P<lone>[$'])"
)
_INDENTED_OPENING = re.compile(r" *\n")


def _split_indented(text: str) -> list[tuple[str, bool]]:
    """The pieces of a text in an indented string, and whether each one was escaped."""
    pieces: list[tuple[str, bool]] = []
    for match in _INDENTED_PIECE.finditer(text):
        kind = match.lastgroup
        if kind == "plain":
            pieces.append((match[0], False))
        elif kind == "escaped":
            pieces.append((unescape("\\" + match["escaped"]), True))
        elif kind == "lone":
            pieces.append((match[0], True))
        else:
            pieces.append(("''" if match["quoted"] == "'" else "$", True))
    return pieces


def strip(parts: list[Union[str, Expr]]) -> tuple[Union[str, Expr], ...]:
    """The parts of an indented string, from its texts (as written, after `''`) and expressions.

    The common indentation of all lines goes; only spaces count as such. Escapes end
    a line's indentation as an interpolation does, and stay texts of their own.
    """
    first = parts[0]
    opening = _INDENTED_OPENING.match(first) if type(first) is str else None
    if opening is not None:
        assert type(first) is str
        parts = [first[opening.end() :], *parts[1:]]
    if len(parts) == 1 and type(parts[0]) is str and "''" not in parts[0] and "$" not in parts[0]:
        pass
    pieces: list[tuple[Union[str, Expr], bool]] = []
    for part in parts:
        if type(part) is str:
            pieces += _split_indented(part)
        else:
            pieces.append((part, True))
    indent = _common_indent(pieces)
    result: list[Union[str, Expr]] = []
    line_start = True
    dropped = 0
    last = len(pieces) - 1
    for index, (piece, _) in enumerate(pieces):
        if type(piece) is not str:
            line_start = False
            dropped = 0
            result.append(piece)
            continue
        kept: list[str] = []
        for character in piece:
            if line_start:
                if character == " ":
                    dropped += 1
                    if dropped > indent:
                        kept.append(character)
                    continue
                dropped = 0
                line_start = character == "\n"
            elif character == "\n":
                line_start = True
            kept.append(character)
        text = "".join(kept)
        if index == last:
            newline = text.rfind("\n")
            if newline >= 0 and not text[newline + 1 :].strip(" "):
                text = text[: newline + 1]
        if text:
            result.append(text)
    return tuple(result)


def _common_indent(pieces: list[tuple[Union[str, Expr], bool]]) -> int:
    """The least indentation of a line that holds more than spaces."""
    least = 1000000
    line_start = True
    current = 0
    for piece, escaped in pieces:
        if escaped:
            if line_start:
                line_start = False
                least = min(least, current)
            continue
        for character in piece:
            if line_start:
                if character == " ":
                    current += 1
                elif character == "\n":
                    current = 0
                else:
                    line_start = False
                    least = min(least, current)
            elif character == "\n":
                line_start = True
                current = 0
    return least


_PATH_PIECE = re.compile(r"~?[a-zA-Z0-9._+-]*(?:/[a-zA-Z0-9._+-]+)+/?|~?[a-zA-Z0-9._+-]*/|[a-zA-Z0-9._+-]+")


def split_path(text: str) -> list[str]:
    """The pieces of a path's text: one, unless it holds `//`."""
    return _PATH_PIECE.findall(text) if "//" in text else [text] if text else []
