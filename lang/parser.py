"""Run the fast table over a text: the way of every successful parse."""

from __future__ import annotations

import gc

from .build import ACTIONS, ATOMS
from .errors import Label, ParseError
from .lexer import ENDING, RESTS, Kinds, rest_terminal
from .nodes import Expr, Name, Var
from .parse_table import load_table
from .patterns import pattern
from .runs import tokens_of
from .source import Source, Span
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_new: Any = tuple.__new__
_MOST_KNOWN: Final = 30_000
"""Number of tokens after which those of earlier texts are forgotten."""


class Automaton:
    """The fast table, with its actions bound."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.rows: list[list[int]] = table["rows"]
        self.stride: int = table["stride"]
        self.arguments: list[tuple[int, int]] = table["arguments"]
        self.closes: list[tuple[int, int]] = table["closes"]
        self.start: int = table["start"]
        self.end: int = table["end"]
        self.kinds = Kinds(table["terminals"])
        self._known: dict[bool, Kinds] = {}
        gotos = table["gotos"]
        self.atoms: list[tuple[Any, int]] = [(ATOMS[name] if name else None, target) for name, target in table["atoms"]]
        self.rules: list[tuple[int, slice, Any, Any]] = [
            (
                -max(length, 1),
                slice(-length if length else 1 << 60, None),
                ACTIONS[name] if name else None,
                gotos.get(origin),
            )
            for name, length, origin in table["rules"]
        ]
        self.token = pattern("token")
        self.leading = pattern("leading")
        self.rests = [pattern(name) for _, name in RESTS]
        self.terminal = {name: number for number, name in enumerate(table["terminals"])}

    def known(self, pipes: bool) -> Kinds:
        """Return the tokens for a text, with those of texts before it: most names occur in many files."""
        found = self._known.get(pipes)
        if found is None or len(found) > _MOST_KNOWN:
            found = self.kinds.copy_of()
            if not pipes:
                found["|>"] = found["<|"] = (-1, "")
            self._known[pipes] = found
        return found


_automaton: Automaton | None = None


def _load() -> Automaton:
    global _automaton
    if _automaton is None:
        _automaton = Automaton(load_table()["fast"])
    return _automaton


def kinds() -> Kinds:
    """Return the terminals, for a scanner."""
    return (_automaton or _load()).kinds


def parse(source: Source, pipes: bool = False) -> Expr:
    """Parse the expression in a source, with the operators `|>` and `<|` if `pipes` is set. Raises `ParseError`."""
    automaton = _automaton or _load()
    # Trees have no cycles, so a collection while one is built would find nothing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        tree = _run(automaton, source.text, pipes)
        if tree is None:
            from .diagnosis import diagnose

            found = diagnose(source.text, automaton.kinds, pipes)
            assert found is not None, "the two parse tables disagree"
            raise found
        return tree
    except UnlocatedParseError as error:
        raise _error(source, error) from None
    finally:
        if collecting:
            gc.enable()


def _error(source: Source, error: UnlocatedParseError) -> ParseError:
    message = error.message
    labels = [Label(source, Span(error.start, error.end), error.text)]
    if error.other is not None:
        place = source.place(error.other[0])
        message = message.replace("{other}", f"{source.name}:{place.line}:{place.column}")
        labels.append(Label(source, Span(*error.other), error.other_text))
    return ParseError(message, labels, error.hint, error.code)


def _run(automaton: Automaton, source: str, pipes: bool) -> Expr | None:
    """Return the tree; None for a syntax error. Raises `UnlocatedParseError` for other errors."""
    text = source + ENDING
    tokens = tokens_of(text, automaton.token)
    rows = automaton.rows
    rules = automaton.rules
    kinds = automaton.known(pipes)
    shifts = automaton.stride
    variables = 2 * shifts
    arguments = 3 * shifts
    names = 4 * shifts
    atoms = 5 * shifts
    closes = 6 * shifts
    new = _new
    var = Var

    row = rows[automaton.start]
    stack: list[tuple[int, Any, int]] = [(automaton.start, None, 0)]
    start = automaton.leading.match(text).end()  # type: ignore[union-attr]
    end = 0
    while True:
        for match in tokens(text, start):
            terminal, word = kinds[match[1]]
            code = row[terminal]
            while code < 0:
                first, symbols, build, goto = rules[code]
                value = build(stack, end)
                begin = stack[first][2]
                del stack[symbols]
                state = goto[stack[-1][0]]
                stack.append((state, value, begin))
                row = rows[state]
                code = row[terminal]
            end = start + len(word)
            if code < shifts:
                stack.append((code, word, start))
                row = rows[code]
            elif code < variables:
                code -= shifts
                stack.append((code, new(var, (word, start, end)), start))
                row = rows[code]
            elif code < arguments:
                state, code = automaton.arguments[code - variables]
                following = text[match.end()]
                if following == ":" or following == "@":
                    stack.append((state, word, start))
                    row = rows[state]
                else:
                    stack.append((code, new(var, (word, start, end)), start))
                    row = rows[code]
            elif code < names:
                code -= arguments
                stack.append((code, new(Name, (word, start, end)), start))
                row = rows[code]
            elif code < atoms:
                atom, state = automaton.atoms[code - names]
                stack.append((state, word if atom is None else atom(word, start, end), start))
                row = rows[state]
            elif code < closes:
                state, mode = automaton.closes[code - atoms]
                stack.append((state, word, start))
                row = rows[state]
                rest = automaton.rests[mode].match(text, end)
                if rest is None:
                    return None
                word = rest[1]
                if word or mode != 2:
                    start = end
                    end = start + len(word)
                    kind = rest_terminal(mode, word)
                    if not kind:
                        return None
                    code = row[automaton.terminal[kind]]
                    stack.append((code, word, start))
                    row = rows[code]
                start = rest.end()
                break
            elif stack[-1][0] == automaton.end and terminal == 0:
                found: Expr = stack[-1][1]
                return found
            else:
                return None
            start = match.end()
