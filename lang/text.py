"""Decode the content of string literals.

Pieces come without quotes, `${` and `}`. An indented string can only be stripped as a whole, so its pieces keep their
escapes until `strip`.
"""

from __future__ import annotations

from .patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

    from .nodes import Expr

_ESCAPE = pattern("escape")
_MEANING = {"n": "\n", "r": "\r", "t": "\t"}


def _meaning(match: re.Match[str]) -> str:
    character: str | None = match[1]
    if character is None:
        return "\n"
    return _MEANING.get(character, character)


def unescape(text: str) -> str:
    """Decode the inside of `"..."`: replace escapes, convert CR and CRLF to LF."""
    if "\\" in text or "\r" in text:
        return _ESCAPE.sub(_meaning, text)
    return text


_INDENTED_PIECE = pattern("indented piece")
_OPENING_LINE = pattern("opening line")
_NO_INDENT = 1000000
"""Indentation of a text without any indented line, as in Nix."""


def _split_indented(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a text in an indented string, and whether each one was escaped."""
    pieces: list[tuple[str, bool]] = []
    for match in _INDENTED_PIECE.finditer(text):
        plain, quoted, escaped, lone = match.groups()
        if plain is not None:
            pieces.append((plain, False))
        elif escaped is not None:
            pieces.append((_MEANING.get(escaped, escaped), True))
        elif quoted is not None:
            pieces.append(("''" if quoted == "'" else quoted, True))
        else:
            pieces.append((lone, True))
    return pieces


def strip(parts: list[str | Expr]) -> tuple[str | Expr, ...]:
    """Return the parts of an indented string, from its texts (as written, after `''`) and expressions.

    The common indentation of all lines is removed; it consists of spaces only. Escapes end a line's indentation like an
    interpolation does, and stay texts of their own.
    """
    first = parts[0]
    if type(first) is str:
        opening = _OPENING_LINE.match(first)
        if opening is not None:
            parts[0] = first = first[opening.end() :]
        if len(parts) == 1 and "''" not in first and "'$" not in first and "$'" not in first and first[-1:] not in "$'":
            text = _strip_plain(first)
            return (text,) if text else ()
    pieces: list[tuple[str | Expr, bool]] = []
    for part in parts:
        if type(part) is str:
            pieces += _split_indented(part)
        else:
            pieces.append((part, True))
    return tuple(_without_indent(pieces, _common_indent(pieces)))


def _strip_plain(text: str) -> str:
    """Strip an indented string of text alone, the usual case."""
    lines = text.split("\n")
    stripped = [line.lstrip(" ") for line in lines]
    indent = min([len(line) - len(rest) for line, rest in zip(lines, stripped) if rest], default=_NO_INDENT)
    lines = [line[indent:] for line in lines]
    if len(lines) > 1 and not stripped[-1]:
        lines[-1] = ""
    return "\n".join(lines)


def _common_indent(pieces: list[tuple[str | Expr, bool]]) -> int:
    """Return the least indentation of a line that contains more than spaces."""
    least = _NO_INDENT
    line_start = True
    current = 0
    for piece, escaped in pieces:
        if escaped:
            if line_start:
                line_start = False
                least = min(least, current)
            continue
        assert type(piece) is str
        for number, line in enumerate(piece.split("\n")):
            if number:
                line_start = True
                current = 0
            if line_start:
                rest = line.lstrip(" ")
                current += len(line) - len(rest)
                if rest:
                    line_start = False
                    least = min(least, current)
    return least


def _without_indent(pieces: list[tuple[str | Expr, bool]], indent: int) -> list[str | Expr]:
    result: list[str | Expr] = []
    line_start = True
    dropped = 0
    last = len(pieces) - 1
    for index, (piece, _) in enumerate(pieces):
        if type(piece) is not str:
            line_start = False
            dropped = 0
            result.append(piece)
            continue
        lines = piece.split("\n")
        for number, line in enumerate(lines):
            if number:
                line_start = True
                dropped = 0
            if line_start:
                rest = line.lstrip(" ")
                spaces = len(line) - len(rest)
                lines[number] = line[min(spaces, max(indent - dropped, 0)) :]
                dropped += spaces
                if rest:
                    line_start = False
                    dropped = 0
        if index == last and len(lines) > 1 and not lines[-1].strip(" "):
            lines[-1] = ""
        text = "\n".join(lines)
        if text:
            result.append(text)
    return result


_PATH_PIECE = pattern("path piece")


def split_path(text: str) -> list[str]:
    """Return the pieces of a path's text: one, unless it contains `//`."""
    return _PATH_PIECE.findall(text) if "//" in text else [text] if text else []
