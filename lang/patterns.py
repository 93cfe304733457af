"""The regular expressions of the language, compiled without `re`.

Compiling them takes as long as parsing a hundred kilobytes, and importing `re` takes longer than that. So the table
file carries them compiled, for the Python that wrote it; any other Python compiles them anew.

Only single characters are repeated possessively. Repeating a group so yields wrong matches in Python 3.11.0 to 3.11.3;
here each repetition of a group begins with a character that its own repetitions cannot contain, so backtracking cannot
occur.

In TOKEN and the rests, space and comments belong to the token before them, so that the start of a token is the end of
the match before.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any

_SPACE = r"[ \t\r\n]*+(?:(?![#/])|(?:(?:#[^\r\n]*+|/\*[^*]*+\*++(?:[^*/][^*]*+\*++)*/)[ \t\r\n]*+)*)"
_CHAR = r"[a-zA-Z0-9._+-]"
_URI_CHAR = r"[a-zA-Z0-9%/?:@&=+$,_.!~*'-]"
_ID = r"[a-zA-Z_][a-zA-Z0-9_'-]*+"
_PATH = rf"(?:~|{_CHAR}*+)/(?:{_CHAR}[a-zA-Z0-9._+/-]*+|(?=\$\{{))(?:\$\{{)?"
_TEXT = r"""[^$"\\\x00]*+(?:(?:\$(?:[^{"\\\x00]|(?=["\\]))|\\[^\x00])[^$"\\\x00]*+)*"""
_CLOSED = r"""''(?!['$]|\\[^\x00])"""
"""The end of an indented string, as opposed to the beginning of an escape in it."""
_INDENTED = r"""[^$'\x00]*+(?:(?:\$(?:[^{'\x00]|(?='))|'(?:[^'$\x00]|(?=\$))|''(?:[$']|\\[^\x00]))[^$'\x00]*+)*"""

_LITERALS = (
    r"[][(){};,:@?=](?!=)",
    '"' + _TEXT + r'(?:"|\$\{)',
    "''" + _INDENTED + rf"(?:{_CLOSED}|\$\{{)",
)
_OTHERS = (
    _ID,
    r"(?:[1-9][0-9]*+\.[0-9]*+|0?\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
    r"[0-9]++",
    rf"<{_CHAR}++(?:/{_CHAR}++)*>",
    r"\.\.\.|==|!=|<=|>=|&&|\|\||->|//|\+\+|\$\{|<\||\|>",
    # A NUL ends the text, as it does in Nix.
    r"[^\x00]|",
)  # fmt: skip
_TOKEN = "|".join((
    # Nearly all identifiers, where no URI or path can begin.
    rf"{_ID}(?:(?=[ \n;)])|(?!{_CHAR}*+(?:/(?:{_CHAR}|\$\{{)|:{_URI_CHAR})))",
    *_LITERALS,
    rf"[a-zA-Z][a-zA-Z0-9+.-]*+:{_URI_CHAR}++",
    _PATH,
    *_OTHERS,
))  # fmt: skip

SOURCES = {
    "token": f"({_TOKEN}){_SPACE}",
    "leading": _SPACE,
    # See runs.py: where neither a path nor a URI can begin.
    "plain token": f"({'|'.join((*_LITERALS, *_OTHERS))}){_SPACE}",
    "long run": rf"(?<!{_CHAR}){_CHAR}{{1000}}",
    "run": rf"{_CHAR}*+",
    "uri run": r"[a-zA-Z0-9+.-]*+",
    "after run": rf"/(?={_CHAR}|\$\{{)|:(?={_URI_CHAR})",
    # Text after an interpolation.
    "string rest": rf'({_TEXT}(?:"|\$\{{)){_SPACE}',
    "indented rest": rf"({_INDENTED}(?:{_CLOSED}|\$\{{)){_SPACE}",
    "path rest": rf"([a-zA-Z0-9._+/-]*+(?:\$\{{)?){_SPACE}",
    # The inside of a string that does not end.
    "string text": _TEXT,
    "indented text": _INDENTED,
    "escape": r"\\([\s\S])|\r\n?",
    "indented piece": r"((?:[^$']|\$[^{']|'[^'$])+)|''(?:(['$])|\\([\s\S]))|([$'])",
    "opening line": r" *\n",
    "path piece": r"~?[a-zA-Z0-9._+-]*(?:/[a-zA-Z0-9._+-]+)+/?|~?[a-zA-Z0-9._+-]*/|[a-zA-Z0-9._+-]+",
    "plain name": r"[a-zA-Z_][a-zA-Z0-9_'-]*",
}


def encode() -> dict[str, tuple[Any, ...]]:
    """Return all patterns in the form that `pattern` reads; imports `re`."""
    import re
    from re import _compiler, _parser  # type: ignore[attr-defined]

    encoded = {}
    for name, source in SOURCES.items():
        parsed = _parser.parse(source, 0)
        code = [int(word) for word in _compiler._code(parsed, 0)]
        encoded[name] = (int(re.compile(source).flags), code, parsed.state.groups - 1)
    return encoded


def pattern(name: str) -> re.Pattern[str]:
    """Return the pattern of that name in SOURCES."""
    from .parse_table import load_table

    source = SOURCES[name]
    encoded = load_table()["patterns"].get(name)
    if encoded is not None:
        try:
            import _sre  # type: ignore[import-not-found]

            flags, code, groups = encoded
            return _sre.compile(source, flags, code, groups, {}, (None,) * (groups + 1))  # type: ignore[no-any-return]
        except (ImportError, TypeError, RuntimeError, OverflowError):
            pass
    import re

    return re.compile(source)
