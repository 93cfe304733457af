"""Explain syntax errors.

The fast table detects an unexpected terminal but does not know the expected ones. So a rejected text is read again with
the plain table, like the parser generator of Nix does: in a state that does not accept the terminal, the most common
reduction is still made. That decides which terminals a message lists as expected, so messages equal those of Nix.
"""

from __future__ import annotations

from .build import ACTIONS
from .parse_table import plain_table
from .scanner import scan
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .lexer import Kinds

# In the order in which messages list them.
_NAMES = {
    "$END": "end of file",
    "ID": "identifier",
    "IND_CLOSE": "indented string",
    "INT": "integer",
    "FLOAT": "floating-point literal",
    "PATH": "path",
    "PATH_OPEN": "path",
    "SPATH": "'<…>' path",
    "URI": "URI",
    "IND_STRING": "start of an indented string",
    "IND_OPEN": "start of an indented string",
    **{word: f"'{word}'" for word in (
        "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "==", "!=", "<=", ">=", "&&", "||",
        "->", "or", "${", "...", ":", "@", ";", "!", "-", "<", ">", "//", "+", "*", "/", "++", "?", ".", "<|", "|>",
    )},
    "STRING": "'\"'",
    "STRING_OPEN": "'\"'",
    **{word: f"'{word}'" for word in ("(", ")", "{", "}", "[", "]", "=", ",")},
}  # fmt: skip
_MOST = 4
"""Most expected terminals that a message lists."""

_CLOSERS = {"{": "}", "${": "}", "(": ")", "[": "]"}


class _Walk:
    """A run over the plain table, reductions made as early as that parser generator makes them.

    The actions are run too, so that of two errors the one that Nix finds first is found.
    """

    def __init__(self, table: dict[str, Any]) -> None:
        self.terminals: list[str] = table["terminals"]
        self.rows: list[dict[int, int]] = table["states"]
        self.gotos: list[dict[str, int]] = table["gotos"]
        self.rules: list[tuple[str, int, str]] = table["rules"]
        self.end: int = table["end"]
        self.last_end = 0
        self._defaults: dict[int, int | None] = {}
        self.stack: list[tuple[int, Any, int]] = [(0, None, 0)]
        # For each item of the stack its symbol and the number of its first token.
        self.symbols: list[tuple[str, int]] = [("", 0)]

    def feed(self, terminal: str, word: str, start: int, end: int, token: int) -> bool:
        """Process a token; return False if it is unexpected after the default reductions."""
        number = self.terminals.index(terminal) if terminal in self.terminals else -1
        before = self.last_end
        while True:
            state = self.stack[-1][0]
            if state == self.end and terminal == "$END":
                return True
            action = self.rows[state].get(number, self._default(state))
            if action is None:
                return False
            if action >= 0:
                break
            self._reduce(~action, before, token)
        self.stack.append((action, word, start))
        self.symbols.append((terminal, token))
        self.last_end = end
        # A state with one reduction and nothing else does not wait for the next token.
        while len(set(self.rows[self.stack[-1][0]].values())) == 1 and self._default(self.stack[-1][0]) is not None:
            self._reduce(~self._default(self.stack[-1][0]), end, token)  # type: ignore[operator]
        return True

    def _reduce(self, rule: int, end: int, token: int) -> None:
        action, length, nonterminal = self.rules[rule]
        first = -length if length else len(self.stack)
        value = ACTIONS[action](self.stack, end) if action else self.stack[-1][1]
        start = self.stack[first][2] if length else end
        token = self.symbols[first][1] if length else token
        del self.stack[first:], self.symbols[first:]
        self.stack.append((self.gotos[self.stack[-1][0]][nonterminal], value, start))
        self.symbols.append((nonterminal, token))

    def _default(self, state: int) -> int | None:
        """Return the most common reduction of a state."""
        if state not in self._defaults:
            self._defaults[state] = self._most_common(state)
        return self._defaults[state]

    def _most_common(self, state: int) -> int | None:
        counts: dict[int, int] = {}
        for action in self.rows[state].values():
            if action < 0:
                counts[action] = counts.get(action, 0) + 1
        if not counts:
            return None
        most = max(counts.values())
        return max(action for action, count in counts.items() if count == most)

    def expected(self) -> list[str]:
        """Return readable names of the expected terminals."""
        state = self.stack[-1][0]
        if state == self.end:
            return [_NAMES["$END"]]
        fitting = {self.terminals[number] for number in self.rows[state]}
        return list(dict.fromkeys(shown for name, shown in _NAMES.items() if name in fitting))


def diagnose(text: str, kinds: Kinds, pipes: bool = False) -> UnlocatedParseError | None:
    """Return the first syntax error of a text; None if there is none. Raises `UnlocatedParseError` of the scanner."""
    walk = _Walk(plain_table())
    tokens: list[tuple[str, str, int, int]] = []
    for terminal, word, start, end in scan(text, kinds, pipes):
        tokens.append((terminal, word, start, end))
        if not walk.feed(terminal, word, start, end, len(tokens) - 1):
            return _explain(walk, tokens, text)
    return None


def _explain(walk: _Walk, tokens: list[tuple[str, str, int, int]], text: str) -> UnlocatedParseError:
    terminal, word, start, end = tokens[-1]
    shown = "'~/…' path" if word.startswith("~/") else _NAMES.get(terminal, "invalid token")
    expected = walk.expected()
    message = f"syntax error, unexpected {shown}"
    if 0 < len(expected) <= _MOST:
        message += ", expecting " + " or ".join(expected)
    error = UnlocatedParseError(message, start, end)
    if not (
        _comment(error, word, start, text)
        or _semicolon(error, walk, tokens, expected)
        or _unclosed(error, walk, terminal, shown)
    ):
        error.hint = _hint(terminal, word, expected, walk)
    return error


def _comment(error: UnlocatedParseError, word: str, start: int, text: str) -> bool:
    if word in ("/", "*") and text.startswith("/*", start if word == "/" else start - 1):
        error.hint = "this comment is never closed: end it with */"
        return True
    return False


def _semicolon(
    error: UnlocatedParseError, walk: _Walk, tokens: list[tuple[str, str, int, int]], expected: list[str]
) -> bool:
    """Explain a missing semicolon after a binding, and point at its place."""
    if expected != ["';'"]:
        return False
    before = len(tokens) - 2
    if tokens[-1][0] == "=":
        # `a = b c = d;`: the last words before the `=` are the next name.
        while before >= 2 and tokens[before - 1][0] == ".":
            before -= 2
        before -= 1
    if before < 0 or before < walk.symbols[-1][1]:
        before = len(tokens) - 2
    at = tokens[before][3]
    error.other = (at, at)
    error.other_text = "a ';' is missing here"
    error.hint = (
        "every binding ends with ';'" if walk.symbols[-2][0] == "=" else "put a ';' between the two expressions"
    )
    return True


def _unclosed(error: UnlocatedParseError, walk: _Walk, terminal: str, shown: str) -> bool:
    """Explain an unclosed bracket, and point at the innermost one."""
    if terminal not in ("$END", "}", ")", "]"):
        return False
    for (symbol, _), (_, _, start) in zip(reversed(walk.symbols), reversed(walk.stack)):
        closer = _CLOSERS.get(symbol) or ("}" if symbol.endswith(("_OPEN", "_middle")) else "")
        if closer:
            if closer == terminal:
                return False
            error.other = (start, start + 1)
            error.other_text = f"this is still open before {shown}"
            error.hint = f"close it with '{closer}'"
            return True
    if terminal != "$END":
        error.hint = f"nothing is open that {shown} could close"
        return True
    return False


def _hint(terminal: str, word: str, expected: list[str], walk: _Walk) -> str | None:
    if terminal == "=":
        return "'=' only gives a name a value, in a set or after 'let'; to compare, write '=='"
    if terminal == ",":
        inside = [symbol for symbol, _ in walk.symbols if symbol in _CLOSERS]
        if inside and inside[-1] == "[":
            return "items of a list are separated by spaces"
        return "a function is applied to its arguments one by one: `f a b`"
    if expected == ["'.'", "'='"]:
        return "in a set write `name = value;`, in the arguments of a function `name, name`"
    if word.isalpha() and terminal == word and "identifier" in expected:
        return f"'{word}' is a keyword; as a name of an attribute it has to be in quotes"
    if terminal == "URI" and word.partition(":")[0].isidentifier():
        return "without a space after the ':' this is a URI"
    if terminal == "":
        return {
            "'": "strings are written in double quotes or between ''",
            "&": "'and' is written '&&'",
            "|": "'or' is written '||'",
            "%": "there is no operator for the remainder: subtract, or use `builtins` for what you need",
            "$": "an interpolation is written ${...}",
        }.get(word)
    return None
