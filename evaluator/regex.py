"""Translate regular expressions of the language (POSIX extended) to Python's.

Both engines try alternatives and repetitions in the same order, so where a whole string must match they agree, groups
included. In a search, an alternation takes the *longest* alternative, while Python takes the first that fits;
`Expression` therefore tries each combination of alternatives outside of repetitions separately, and takes the longest
match, the first of equal ones.
"""

from __future__ import annotations

import re

from .errors import InvalidText, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final


_CLASSES: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": " \\t-\\r", "upper": "A-Z",
    "xdigit": "0-9A-Fa-f", "d": "0-9", "w": "_0-9A-Za-z", "s": " \\t-\\r",
}  # fmt: skip
_COLLATING_TEXT: Final = (
    "NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI DLE DC1 DC2 "
    "DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1 space exclamation-mark quotation-mark number-sign dollar-sign "
    "percent-sign ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign comma hyphen period slash "
    "zero one two three four five six seven eight nine colon semicolon less-than-sign equals-sign greater-than-sign "
    "question-mark commercial-at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z left-square-bracket backslash "
    "right-square-bracket circumflex underscore grave-accent a b c d e f g h i j k l m n o p q r s t u v w x y z "
    "left-curly-bracket vertical-line right-curly-bracket tilde DEL"
)
_COLLATING: Final = tuple(_COLLATING_TEXT.split(" "))
"""Names of characters in `[[.name.]]`, by their codes."""
_SPECIAL: Final = frozenset(".[\\()*+?{|^$")
_CLASS: Final = "class"
_MOST_VARIANTS: Final = 64
_LONGEST_COUNT: Final = 9
"""Most digits of a number of repetitions."""


class _Invalid(Exception):
    pass


class Expression:
    """A compiled regular expression over byte strings."""

    def __init__(self, pattern: str) -> None:
        parser = _Parser(pattern)
        self._whole = re.compile(parser.text(), re.DOTALL)
        self._variants = [re.compile(text, re.DOTALL) for text in parser.variants()]

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Match the whole text."""
        return self._whole.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield matches from left to right; an empty one does not repeat the end of the previous one."""
        if len(self._variants) < 2:
            yield from self._whole.finditer(text)
            return
        at = 0
        while at <= len(text):
            found = self._longest(text, at)
            if found is None:
                return
            yield found
            if found.end() > found.start():
                at = found.end()
                continue
            # After an empty match a longer one may start at the same position; otherwise go on by one.
            longer = self._longest_nonempty_at(text, at)
            if longer is not None:
                yield longer
                at = longer.end()
            else:
                at = found.end() + 1

    def _longest(self, text: str, at: int) -> re.Match[str] | None:
        first = self._whole.search(text, at)
        if first is None:
            return None
        best = first
        for variant in self._variants:
            found = variant.match(text, first.start())
            if found is not None and found.end() > best.end():
                best = found
        return best

    def _longest_nonempty_at(self, text: str, at: int) -> re.Match[str] | None:
        best: re.Match[str] | None = None
        for variant in self._variants:
            found = variant.match(text, at)
            if found is not None and found.end() > (best.end() if best else at):
                best = found
        return best


class _Parser:
    """Reads a pattern; nodes are `("text", s)`, `("cat", nodes)`, `("alt", nodes)`, `("group", node)`,
    `("repeat", node, quantifier)`."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.tree = self._alternation(0)
        if self.at < len(pattern):
            raise _Invalid

    def text(self) -> str:
        return _render(self.tree)

    def variants(self) -> list[str]:
        if "|" not in self.pattern:
            return []
        trees = _expand(self.tree)
        return [_render(tree) for tree in trees] if len(trees) <= _MOST_VARIANTS else []

    def _alternation(self, depth: int) -> tuple[object, ...]:
        branches = [self._branch(depth)]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            branches.append(self._branch(depth))
        return branches[0] if len(branches) == 1 else ("alt", branches)

    def _branch(self, depth: int) -> tuple[object, ...]:
        parts: list[tuple[object, ...]] = []
        while self.at < len(self.pattern):
            c = self.pattern[self.at]
            if c == "|" or (c == ")" and depth):
                break
            parts.append(self._repeated(depth))
        return ("cat", parts)

    def _repeated(self, depth: int) -> tuple[object, ...]:
        atom = self._atom(depth)
        while self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            if atom in (("text", "^"), ("text", "\\Z")):
                raise _Invalid
            atom = ("repeat", atom, self._quantifier())
        return atom

    def _quantifier(self) -> str:
        c = self.pattern[self.at]
        if c != "{":
            self.at += 1
            return c
        found = re.compile(r"\{([0-9]+)(,([0-9]*))?\}").match(self.pattern, self.at)
        if found is None or max(len(found[1]), len(found[3] or "")) > _LONGEST_COUNT:
            raise _Invalid
        low, high = int(found[1]), found[3]
        if high and int(high) < low:
            raise _Invalid
        self.at = found.end()
        return found[0]

    def _atom(self, depth: int) -> tuple[object, ...]:
        c = self.pattern[self.at]
        self.at += 1
        if c == "(":
            inner = self._alternation(depth + 1)
            if self.at >= len(self.pattern):
                raise _Invalid
            self.at += 1
            return ("group", inner)
        if c == "[":
            return ("text", self._bracket())
        if c == "\\":
            if self.at >= len(self.pattern) or self.pattern[self.at] not in _SPECIAL:
                raise _Invalid
            self.at += 1
            return ("text", "\\" + self.pattern[self.at - 1])
        if c == "^":
            return ("text", "^")
        if c == "$":
            return ("text", "\\Z")
        if c == ".":
            return ("text", ".")
        if c in "*+?{)":
            raise _Invalid
        return ("text", re.escape(c))

    def _bracket(self) -> str:
        """Read a bracket expression as libstdc++ does, where no range begins after a range or a class, or ends with a name."""
        pattern = self.pattern
        negated = pattern.startswith("^", self.at)
        if negated:
            self.at += 1
        parts: list[str] = []
        before: str | None = None
        """What a hyphen would follow: a character that may begin a range, `_CLASS`, or None after a range."""
        if pattern[self.at : self.at + 1] in ("]", "-") and self.at < len(pattern):
            before = pattern[self.at]
            parts.append(_quoted(before))
            self.at += 1
        while not pattern.startswith("]", self.at):
            if self.at >= len(pattern):
                raise _Invalid
            if pattern[self.at] != "-":
                part, before = self._element()
                parts.append(part)
            elif pattern.startswith("-]", self.at):
                self.at += 1
                parts.append("\\-")
            else:
                parts.append(self._range(before))
                before = None
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _range(self, low: str | None) -> str:
        """Read the hyphen of a range and its end."""
        if low is None or low == _CLASS or self.at + 1 >= len(self.pattern):
            raise _Invalid
        high = self.pattern[self.at + 1]
        if high < low or (high == "[" and self.pattern[self.at + 2 : self.at + 3] in (".", "=", ":")):
            raise _Invalid
        self.at += 2
        return f"{_quoted(low)}-{_quoted(high)}"

    def _element(self) -> tuple[str, str]:
        """Read a character, a class or a name in brackets; return its text and what it is before a hyphen."""
        pattern = self.pattern
        c, mark = pattern[self.at], pattern[self.at + 1 : self.at + 2]
        if c != "[" or mark not in (".", "=", ":"):
            if c == "[" and not mark:
                raise _Invalid
            self.at += 1
            return _quoted(c), c
        # A name ends before its first mark, so that `[.].]` is none.
        name, found, rest = pattern[self.at + 2 :].partition(mark)
        if not found or not rest.startswith("]"):
            raise _Invalid
        self.at += len(name) + 4
        if mark == ":":
            if name.lower() not in _CLASSES:
                raise _Invalid
            return _CLASSES[name.lower()], _CLASS
        if name not in _COLLATING:
            raise _Invalid
        one = chr(_COLLATING.index(name))
        if mark == ".":
            return _quoted(one), one
        return "".join(map(_quoted, sorted({one.lower(), one.upper()}))), _CLASS


def _quoted(c: str) -> str:
    return f"\\{c}" if c in "\\]^-[&~|" else c


def _render(node: tuple[object, ...]) -> str:
    kind = node[0]
    if kind == "text":
        return str(node[1])
    if kind == "cat":
        return "".join(map(_render, node[1]))  # type: ignore[call-overload]
    if kind == "alt":
        return f"(?:{'|'.join(map(_render, node[1]))})"  # type: ignore[call-overload]
    if kind == "group":
        return f"({_render(node[1])})"  # type: ignore[arg-type]
    if kind == "absent":
        # Groups of alternatives that did not match still count.
        return f"(?:(?!){_render(node[1])})?"  # type: ignore[arg-type]
    inner = _render(node[1])  # type: ignore[arg-type]
    if node[1][0] != "group":  # type: ignore[index]
        inner = f"(?:{inner})"
    return f"{inner}{node[2]}"


def _expand(node: tuple[object, ...]) -> list[tuple[object, ...]]:
    """Return the node with every choice of alternatives, except those inside repetitions."""
    kind = node[0]
    if kind == "alt":
        branches: list[tuple[object, ...]] = list(node[1])  # type: ignore[call-overload]
        result: list[tuple[object, ...]] = []
        for i, branch in enumerate(branches):
            for choice in _expand(branch):
                before = [("absent", other) for other in branches[:i]]
                after = [("absent", other) for other in branches[i + 1 :]]
                result.append(("cat", [*before, choice, *after]))
        return result
    if kind == "cat":
        combinations: list[list[tuple[object, ...]]] = [[]]
        for part in node[1]:  # type: ignore[attr-defined]
            choices = _expand(part)
            combinations = [[*found, choice] for found in combinations for choice in choices]
            if len(combinations) > _MOST_VARIANTS:
                break
        return [("cat", found) for found in combinations]
    if kind == "group":
        return [("group", choice) for choice in _expand(node[1])]  # type: ignore[arg-type]
    return [node]


_cache: dict[str, Expression] = {}


def compiled(pattern: str) -> Expression:
    """Compile a pattern. Raises `InvalidText`."""
    found = _cache.get(pattern)
    if found is None:
        try:
            found = Expression(pattern)
        except (_Invalid, re.error, OverflowError):
            raise InvalidText(f"invalid regular expression '{readable(pattern)}'") from None
        _cache[pattern] = found
    return found
