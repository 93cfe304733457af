"""The parse table that Lark makes from grammar.lark."""

from __future__ import annotations

import os
from typing import Any

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def generate() -> dict[str, Any]:
    """The LALR(1) table as plain data; imports lark.

    `terminals`: names, a string terminal's is its text. `states`: for each state
    terminal number -> target state (>= 0) or ~rule. `goto`: nonterminal -> state.
    `rules`: (action name or None, length, nonterminal).
    """
    import lark
    from lark.parsers.lalr_analysis import Shift

    with open(os.path.join(_FOLDER, "grammar.lark"), encoding="ascii") as file:
        grammar = file.read()
    made: Any = lark.Lark(grammar, parser="lalr", maybe_placeholders=False, keep_all_tokens=True)
    table = made.parser.parser._parse_table
    terminals = ["$END"]
    number = {"$END": 0}
    for terminal in made.terminals:
        number[terminal.name] = len(terminals)
        terminals.append(terminal.pattern.value if terminal.pattern.type == "str" else terminal.name)
    rules: list[tuple[str | None, int, str]] = []
    rule_number: dict[Any, int] = {}
    states: list[dict[int, int]] = []
    gotos: list[dict[str, int]] = []
    for state in range(len(table.states)):
        row: dict[int, int] = {}
        goto: dict[str, int] = {}
        for name, (action, argument) in table.states[state].items():
            if name not in number:
                goto[name] = argument
            elif action is Shift:
                row[number[name]] = argument
            else:
                if argument not in rule_number:
                    rule_number[argument] = len(rules)
                    action_name = argument.alias or argument.origin.name
                    unit = argument.options.expand1 and not argument.alias and len(argument.expansion) == 1
                    rules.append(
                        (None if unit else str(action_name), len(argument.expansion), str(argument.origin.name))
                    )
                row[number[name]] = ~rule_number[argument]
        states.append(row)
        gotos.append(goto)
    return {
        "terminals": terminals,
        "states": states,
        "gotos": gotos,
        "rules": rules,
        "start": table.start_states["start"],
        "end": table.end_states["start"],
    }
