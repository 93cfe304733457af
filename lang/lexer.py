"""Cuts a text into tokens, with a stack of modes for what is inside strings and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .refusal import Refusal

_SPACE = r"(?:[ \t\r\n]++|#[^\r\n]*+|/\*(?:[^*]|\*+[^*/])*+\*+/)*+"
_ID = r"[a-zA-Z_][a-zA-Z0-9_'-]*+"
_URI = r"[a-zA-Z][a-zA-Z0-9+.-]*+:[a-zA-Z0-9%/?:@&=+$,_.!~*'-]++"
_CHARS = r"[a-zA-Z0-9._+-]"
_PATH = rf"(?:~|{_CHARS}*+)/(?:{_CHARS}[a-zA-Z0-9._+/-]*+|(?=\$\{{))(?:\$\{{)?"
_TEXT = r"""(?:[^$"\\\x00]|\$(?:[^{"\\\x00]|(?=["\\]))|\\[^\x00])*+"""
_INDENTED = r"""(?:[^$'\x00]|\$(?:[^{'\x00]|(?='))|'(?:[^'$\x00]|(?=\$))|''(?:[$']|\\[^\x00]))*+"""

_TOKEN = re.compile(
    _SPACE
    + "(?:"
    + "|".join(
        f"({pattern})"
        for pattern in (
            _URI,
            _PATH,
            _ID,
            r"(?:[1-9][0-9]*+\.[0-9]*+|0?\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
            r"[0-9]++",
            '"' + _TEXT + r'(?:"|\$\{)?',
            "''" + _INDENTED + r"(?:''|\$\{)?",
            rf"<{_CHARS}++(?:/{_CHARS}++)*+>",
            r"\.\.\.|==|!=|<=|>=|&&|\|\||->|//|\+\+|\$\{|[^\x00]",
        )
    )
    + ")?"
)
_STRING_REST = re.compile(_TEXT + r'(?:"|\$\{)?')
_INDENTED_REST = re.compile(_INDENTED + r"(?:''|\$\{)?")
_PATH_REST = re.compile(rf"[a-zA-Z0-9._+/-]*+(?:\$\{{)?")

_KINDS = ["", "URI", "PATH", "ID", "FLOAT", "INT", "STRING", "IND_STRING", "SPATH", ""]
_KEYWORDS = frozenset(["if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or"])
_OPENS = {"STRING": "STRING_OPEN", "IND_STRING": "IND_OPEN", "PATH": "PATH_OPEN"}


def tokens(text: str) -> Iterator[tuple[str, str, int, int]]:
    """(terminal, text, start, end), the last one `$END`.

    A NUL ends the text, as it does in Nix. Raises Refusal.
    """
    at = 0
    modes: list[str] = []
    while True:
        match = _TOKEN.match(text, at)
        assert match is not None
        group = match.lastindex
        if group is None:
            yield "$END", "", match.end(), match.end()
            return
        word = match[group]
        start, at = match.span(group)
        kind = _KINDS[group]
        if group == 3:
            if word in _KEYWORDS:
                kind = word
        elif group in (6, 7, 2):
            if word.endswith("${"):
                modes.append(kind)
                kind = _OPENS[kind]
            else:
                _check_end(kind, word, start, at, text)
        elif group == 9:
            kind = word
            if word == "{" or word == "${":
                modes.append("")
            elif word == "}" and modes:
                mode = modes.pop()
                if mode:
                    yield kind, word, start, at
                    rest = _RESTS[mode].match(text, at)
                    assert rest is not None
                    word = rest[0]
                    start, at = rest.span()
                    if word.endswith("${"):
                        modes.append(mode)
                        kind = _MIDDLES[mode]
                    else:
                        if mode == "PATH" and not word:
                            continue
                        kind = _CLOSES[mode]
                        _check_end(mode, word, start, at, text)
        yield kind, word, start, at


_RESTS = {"STRING": _STRING_REST, "IND_STRING": _INDENTED_REST, "PATH": _PATH_REST}
_MIDDLES = {"STRING": "STRING_MIDDLE", "IND_STRING": "IND_MIDDLE", "PATH": "PATH_MIDDLE"}
_CLOSES = {"STRING": "STRING_CLOSE", "IND_STRING": "IND_CLOSE", "PATH": "PATH_CLOSE"}


def _check_end(kind: str, word: str, start: int, end: int, text: str) -> None:
    """A literal that did not run into `${` has to be complete."""
    if kind == "PATH":
        if word.endswith("/"):
            raise Refusal("path has a trailing slash", start, end, hint="leave out the last '/'", code="E106")
        if "//" in word:
            at = start + word.index("//") + 1
            raise Refusal("syntax error, unexpected end of path, expecting '${'", at, end, code="E106")
        return
    if kind == "STRING":
        closed = word.endswith('"') and word != '"'
    else:
        closed = word.endswith("''") and word != "''"
    if closed:
        return
    if end < len(text) and text[end] == "\0":
        shown = word.lstrip("\"'") + "␀"
        raise Refusal(
            f"input string '{shown}' cannot be represented as Nix string because it contains null bytes", end, end + 1
        )
    if kind == "STRING":
        raise Refusal("syntax error, unexpected end of file, expecting '\"'", end, end)
    raise Refusal(
        "syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string", end, end
    )
