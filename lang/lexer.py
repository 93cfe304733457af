"""What the tokens of the language look like.

Space and comments belong to the token before them, so that the start of a
token is the end of the match before. Strings and paths are one token up to
their end or their first `${`; what follows an interpolation is matched by one
of `RESTS` and the parser knows when: its stack is the lexer's stack of modes.
"""

from __future__ import annotations

import re
import sys

SPACE = r"[ \t\r\n]*+(?:(?![#/])|(?:(?:#[^\r\n]*+|/\*[^*]*+\*++(?:[^*/][^*]*+\*++)*+/)[ \t\r\n]*+)*+)"

_CHAR = r"[a-zA-Z0-9._+-]"
_URI_CHAR = r"[a-zA-Z0-9%/?:@&=+$,_.!~*'-]"
_ID = r"[a-zA-Z_][a-zA-Z0-9_'-]*+"
_PATH = rf"(?:~|{_CHAR}*+)/(?:{_CHAR}[a-zA-Z0-9._+/-]*+|(?=\$\{{))(?:\$\{{)?"
_TEXT = r"""(?:[^$"\\\x00]++|\$(?:[^{"\\\x00]|(?=["\\]))|\\[^\x00])*+"""
_INDENTED = r"""(?:[^$'\x00]++|\$(?:[^{'\x00]|(?='))|'(?:[^'$\x00]|(?=\$))|''(?:[$']|\\[^\x00]))*+"""

TOKEN = re.compile(
    "("
    + "|".join((
        # Nearly all identifiers, once it is clear that no URI or path begins here.
        rf"{_ID}(?:(?=[ \n;)])|(?!{_CHAR}*+(?:/(?:{_CHAR}|\$\{{)|:{_URI_CHAR})))",
        r"[][(){};,:@?=](?!=)",
        '"' + _TEXT + r'(?:"|\$\{)?',
        "''" + _INDENTED + r"(?:''|\$\{)?",
        rf"[a-zA-Z][a-zA-Z0-9+.-]*+:{_URI_CHAR}++",
        _PATH,
        _ID,
        r"(?:[1-9][0-9]*+\.[0-9]*+|0?\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
        r"[0-9]++",
        rf"<{_CHAR}++(?:/{_CHAR}++)*+>",
        r"\.\.\.|==|!=|<=|>=|&&|\|\||->|//|\+\+|\$\{|<\||\|>",
        # A NUL ends the text, as it does in Nix.
        r"[^\x00]|",
    ))
    + ")"
    + SPACE
)  # fmt: skip
LEADING = re.compile(SPACE)

RESTS = (
    ("STRING", re.compile("(" + _TEXT + r'(?:"|\$\{)?' + ")" + SPACE)),
    ("IND", re.compile("(" + _INDENTED + r"(?:''|\$\{)?" + ")" + SPACE)),
    ("PATH", re.compile(r"([a-zA-Z0-9._+/-]*+(?:\$\{)?)" + SPACE)),
)
"""Name and pattern of what may follow an interpolation, by the kind of literal that it is in."""

KEYWORDS = ("if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or")


class Kinds(dict[str, tuple[int, str]]):
    """Terminal number and text of a token, by its text: equal texts are equal tokens.

    A text met for the first time is classified and remembered. Identifiers are
    interned: the names in a tree are compared and hashed many times later on.
    """

    def __init__(self, terminals: list[str]) -> None:
        number = {name: index for index, name in enumerate(terminals)}
        super().__init__({name: (index, name) for name, index in number.items() if not name[0].isupper()})
        self[""] = (number["$END"], "")
        self._number = number

    def copy_of(self) -> Kinds:
        """A fresh one to be filled by one text."""
        result = Kinds.__new__(Kinds)
        result.update(self)
        result._number = self._number
        return result

    def __missing__(self, text: str) -> tuple[int, str]:
        kind = terminal_of(text)
        result = self._number.get(kind, -1), (sys.intern(text) if kind == "ID" else text)
        self[text] = result
        return result


def terminal_of(text: str) -> str:
    """The terminal of a token that TOKEN matched, or "" if it is a broken one."""
    first = text[0]
    if first == '"':
        return _literal(text[1:], '"', "STRING", "STRING_OPEN")
    if first == "'":
        return _literal(text[2:], "''", "IND_STRING", "IND_OPEN") if text.startswith("''") else ""
    if first.isdigit() or first == ".":
        if text.isdigit():
            return "INT"
        if "/" not in text:
            return "FLOAT"
    elif ":" in text:
        return "URI"
    elif first == "<" and len(text) > 2:
        return "SPATH"
    elif "/" not in text:
        return "ID" if first.isalpha() or first == "_" else ""
    if len(text) == 1 or text == "//":
        return ""
    if text.endswith("${"):
        return "PATH_OPEN"
    return "" if text[-1] == "/" or "//" in text else "PATH"


def _literal(inside: str, quote: str, whole: str, opening: str) -> str:
    if inside.endswith(quote):
        return whole
    return opening if inside.endswith("${") else ""


def rest_terminal(mode: int, text: str) -> str:
    """The terminal of what RESTS[mode] matched, or "" if it is broken or nothing."""
    name = RESTS[mode][0]
    if text.endswith("${"):
        return name + "_MIDDLE"
    if name == "PATH":
        return "PATH_CLOSE" if text and text[-1] != "/" else ""
    return name + "_CLOSE" if text.endswith('"' if name == "STRING" else "''") else ""
