"""Runs the parse table over the tokens of a source."""

from __future__ import annotations

from typing import Any

from .build import ACTIONS
from .errors import Label, ParseError
from .lexer import tokens
from .nodes import Expr
from .refusal import Refusal
from .source import Source, Span

_table: Any = None


def parse(source: Source) -> Expr:
    """The expression that a source holds. Raises ParseError."""
    try:
        return _run(source.text)
    except Refusal as refusal:
        raise _error(source, refusal) from None


def _error(source: Source, refusal: Refusal) -> ParseError:
    message = refusal.message
    labels = [Label(source, Span(refusal.start, refusal.end), refusal.text)]
    if refusal.other is not None:
        place = source.place(refusal.other[0])
        message = message.replace("{other}", f"{source.name}:{place.line}:{place.column}")
        labels.append(Label(source, Span(*refusal.other), refusal.other_text))
    return ParseError(message, labels, refusal.hint, refusal.code)


def _load() -> Any:
    global _table
    if _table is None:
        from .table import generate

        raw = generate()
        number = {name: index for index, name in enumerate(raw["terminals"])}
        rules = [
            (ACTIONS[name] if name is not None and name != "start" else None, length, origin)
            for name, length, origin in raw["rules"]
        ]
        _table = number, raw["states"], raw["gotos"], rules, raw["start"], raw["end"]
    return _table


def _run(text: str) -> Expr:
    number, rows, gotos, rules, start_state, end_state = _load()
    states = [start_state]
    values: list[Any] = []
    starts: list[int] = []
    end = 0
    for kind, word, start, stop in tokens(text):
        terminal = number.get(kind)
        while True:
            action = rows[states[-1]].get(terminal)
            if action is None:
                if terminal == 0 and states[-1] == end_state:
                    return values[0]  # type: ignore[no-any-return]
                raise Refusal(f"syntax error, unexpected {kind}", start, stop)
            if action >= 0:
                states.append(action)
                values.append(word)
                starts.append(start)
                end = stop
                break
            build, length, origin = rules[~action]
            if length:
                if build is not None:
                    values[-length:] = [build(values[-length:], starts[-length:], end)]
                    del starts[len(starts) - length + 1 :]
                del states[-length:]
            else:
                values.append(build([], [], end))
                starts.append(end)
            states.append(gotos[states[-1]][origin])
    raise AssertionError
