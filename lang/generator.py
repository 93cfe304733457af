"""Generate the parse tables from grammar.lark, with Lark's LALR(1) construction.

There are two tables. The *plain* one is the automaton itself, and serves to explain
syntax errors. The *fast* one accepts the same texts with fewer
steps, and serves every parse:

* An alternative that only passes a value on (`expr: operand`) costs no step:
  a state of the fast table represents a whole chain of such reductions, and
  its row holds for each terminal the action at the end of the chain.
* A terminal that becomes a node in any context (`simple: INT`) is not
  shifted and reduced but pushed as that node: an *atom*.
* The same applies to an identifier at the start of an expression, unless `:` or `@`
  follows and it is the name of an argument.
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

Rule: TypeAlias = tuple[str, int, str]
"""Name of the action ("" passes the value on), number of symbols, nonterminal."""

GRAMMAR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grammar.lark")
END = "$END"
ERROR = 1 << 20
"""Code of a terminal that a state does not accept."""

_INTERPOLATIONS = {"STRING_CLOSE": 0, "IND_CLOSE": 1, "PATH_CLOSE": 2}


def lark_parser() -> Any:
    """Return plain Lark for the grammar; its trees keep all tokens."""
    import lark

    with open(GRAMMAR, encoding="ascii") as file:
        grammar = file.read()
    return lark.Lark(
        grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, keep_all_tokens=True,
        propagate_positions=True,
    )  # fmt: skip


def generate() -> dict[str, Any]:
    """Return both tables as plain data. Imports lark; equal grammars yield equal tables."""
    plain = _plain_table()
    return {"plain": plain, "fast": _fast_table(plain)}


def _plain_table() -> dict[str, Any]:
    """`states[s]`: terminal -> next state or ~rule. `gotos[s]`: nonterminal -> next state."""
    from lark.parsers.lalr_analysis import Shift

    made = lark_parser()
    table: Any = made.parser.parser._parse_table
    names = {
        terminal.name: terminal.pattern.value if terminal.pattern.type == "str" else terminal.name
        for terminal in made.terminals
        if terminal.name not in made.ignore_tokens
    }
    names[END] = END
    terminals = [END, *sorted(name for name in names.values() if name != END)]
    number = {name: terminals.index(shown) for name, shown in names.items()}

    def rule_key(rule: Any) -> tuple[str, list[str], str]:
        return str(rule.origin.name), [str(symbol.name) for symbol in rule.expansion], str(rule.alias)

    found = {argument for row in table.states.values() for action, argument in row.values() if action is not Shift}
    ordered = sorted(found, key=rule_key)
    rules: list[Rule] = []
    for rule in ordered:
        passes = rule.options.expand1 and not rule.alias and len(rule.expansion) == 1
        rules.append((
            "" if passes else str(rule.alias or rule.origin.name), len(rule.expansion), str(rule.origin.name),
        ))  # fmt: skip
    rule_number = {rule: index for index, rule in enumerate(ordered)}

    # Lark's order of states depends on string hashes, so they are renumbered.
    order = [table.start_states["start"]]
    new = {order[0]: 0}
    for state in order:
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in new:
                new[argument] = len(order)
                order.append(argument)
    states: list[dict[int, int]] = []
    gotos: list[dict[str, int]] = []
    for state in order:
        row: dict[int, int] = {}
        goto: dict[str, int] = {}
        for name, (action, argument) in sorted(table.states[state].items()):
            if name not in number:
                goto[str(name)] = new[argument]
            else:
                row[number[name]] = new[argument] if action is Shift else ~rule_number[argument]
        states.append(row)
        gotos.append(goto)
    return {
        "terminals": terminals,
        "rules": rules,
        "states": states,
        "gotos": gotos,
        "end": new[table.end_states["start"]],
    }


class _Collapse:
    """Builds the fast table; one instance per run.

    A fast state is a tuple: for each terminal, the plain state on top of the stack after all value-passing reductions,
    or -1.
    """

    def __init__(self, plain: dict[str, Any]) -> None:
        self.rows: list[dict[int, int]] = plain["states"]
        self.gotos: list[dict[str, int]] = plain["gotos"]
        self.rules: list[Rule] = plain["rules"]
        self.terminals: list[str] = plain["terminals"]
        self.order: list[tuple[int, ...]] = []
        self.number: dict[tuple[int, ...], int] = {}
        self.atoms: list[tuple[str, int]] = []
        self.arguments: list[tuple[int, int]] = []
        self.closes: list[tuple[int, int]] = []

    def state(self, finals: tuple[int, ...]) -> int:
        if finals not in self.number:
            self.number[finals] = len(self.order)
            self.order.append(finals)
        return self.number[finals]

    def shifted(self, plain_state: int) -> int:
        row = self.rows[plain_state]
        return self.state(tuple(plain_state if t in row else -1 for t in range(len(self.terminals))))

    def after(self, finals: tuple[int, ...], nonterminal: str) -> int:
        """Return the state after a nonterminal that begins on top of `finals`."""
        below = [member for member in set(finals) - {-1} if nonterminal in self.gotos[member]]
        targets = {self._chain(member, nonterminal) for member in below}
        (target,) = targets
        return self.state(target)

    def _chain(self, below: int, nonterminal: str) -> tuple[int, ...]:
        finals = []
        for terminal in range(len(self.terminals)):
            state = self.gotos[below][nonterminal]
            while True:
                action = self.rows[state].get(terminal)
                if action is None:
                    finals.append(-1)
                    break
                if action >= 0 or self.rules[~action][0]:
                    finals.append(state)
                    break
                state = self.gotos[below][self.rules[~action][2]]
        return tuple(finals)

    def code(self, finals: tuple[int, ...], terminal: int) -> tuple[str, int]:
        """Return the action for a terminal: a kind of code and its argument."""
        if finals[terminal] < 0:
            return "error", 0
        action = self.rows[finals[terminal]][terminal]
        if action < 0:
            return "reduce", ~action
        row = self.rows[action]
        names = {self.terminals[t] for t in row}
        for close, mode in _INTERPOLATIONS.items():
            if close in names and self.terminals[terminal] == "}":
                return "close", _index(self.closes, (self.shifted(action), mode))
        reductions = {following for following in row.values() if following < 0}
        if len(reductions) == 1:
            (reduction,) = reductions
            build, length, nonterminal = self.rules[~reduction]
            if length == 1 and len(reductions) == len(set(row.values())):
                target = self.after(finals, nonterminal)
                if build in ("variable", "name"):
                    return build, target
                return "atom", _index(self.atoms, (build, target))
            if build == "variable" and {self.terminals[t] for t, a in row.items() if a >= 0} == {":", "@"}:
                return "argument", _index(self.arguments, (self.shifted(action), self.after(finals, nonterminal)))
        return "shift", self.shifted(action)


def _index(pool: list[Any], item: Any) -> int:
    if item not in pool:
        pool.append(item)
    return pool.index(item)


KINDS = ["shift", "variable", "argument", "name", "atom", "close"]


def _fast_table(plain: dict[str, Any]) -> dict[str, Any]:
    """`rows[s][t]`: a code. Negative: reduce by `rules[code]`. Else by ranges of the size
    `stride`, in the order of `KINDS`: next state, next state after a variable, index into
    `arguments` (state if it is one, else after the variable), next state after a name, index
    into `atoms` (action, next state), index into `closes` (state, kind of literal).
    The last column, of the number -1, is for what is not a terminal.
    `gotos[nonterminal]`: state below -> next state.
    """
    collapse = _Collapse(plain)
    start = collapse.shifted(0)
    codes: list[list[tuple[str, int]]] = []
    gotos: dict[str, dict[int, int]] = {}
    for state, finals in enumerate(collapse.order):
        codes.append([collapse.code(finals, terminal) for terminal in range(len(collapse.terminals))])
        reachable = {name for member in set(finals) - {-1} for name in collapse.gotos[member]}
        for nonterminal in sorted(reachable):
            gotos.setdefault(nonterminal, {})[state] = collapse.after(finals, nonterminal)
    stride = len(codes)
    rows = [
        [
            ERROR if kind == "error" else ~argument if kind == "reduce" else KINDS.index(kind) * stride + argument
            for kind, argument in row
        ]
        + [ERROR]
        for row in codes
    ]
    return {
        "terminals": collapse.terminals,
        "rows": rows,
        "stride": stride,
        "arguments": collapse.arguments,
        "atoms": collapse.atoms,
        "closes": collapse.closes,
        # The loop looks a rule up by its negative code.
        "rules": list(reversed(collapse.rules)),
        "gotos": gotos,
        "start": start,
        "end": collapse.after(collapse.order[start], "start"),
    }
