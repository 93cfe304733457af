"""Apply operator precedence to a flat row of operands and operators."""

from __future__ import annotations

from .nodes import Apply, Binary, HasAttr, Unary
from .unlocated_error import UnlocatedParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .nodes import AttrKey, Expr

NEGATE = 12
HAS = 11
_LEFT, _RIGHT, _NONE = -1, 1, 0

BINARY: dict[str, tuple[int, int]] = {
    "|>": (0, _LEFT), "<|": (0, _RIGHT),
    "->": (1, _RIGHT),
    "||": (2, _LEFT),
    "&&": (3, _LEFT),
    "==": (4, _NONE), "!=": (4, _NONE),
    "<": (5, _NONE), "<=": (5, _NONE), ">": (5, _NONE), ">=": (5, _NONE),
    "//": (6, _RIGHT),
    "+": (8, _LEFT), "-": (8, _LEFT),
    "*": (9, _LEFT), "/": (9, _LEFT),
    "++": (10, _RIGHT),
}  # fmt: skip
PREFIX = {"!": 7, "-": NEGATE}
PIPES = ("|>", "<|")
MOST_ARGUMENTS = 1000
"""Most arguments per node; a call with more has a call as its function. Adding one copies the earlier ones."""


class Row:
    """Operands and operators in the order written, with precedence applied as far as it is certain.

    `operands` holds (node, start, end), where the range includes parentheses. `waiting` holds (precedence, symbol,
    start, is prefix) with rising precedence.
    """

    __slots__ = ("operands", "waiting")

    def __init__(self) -> None:
        self.operands: list[tuple[Expr, int, int]] = []
        self.waiting: list[tuple[int, str, int, bool]] = []

    def operand(self, node: Expr, start: int, end: int) -> None:
        self.operands.append((node, start, end))

    def prefix(self, symbol: str, start: int) -> None:
        self.waiting.append((PREFIX[symbol], symbol, start, True))

    def binary(self, symbol: str, start: int) -> None:
        """Raises UnlocatedParseError for a second operator of a kind that does not associate."""
        precedence, associates = BINARY[symbol]
        waiting = self.waiting
        while waiting:
            other = waiting[-1][0]
            if other == precedence == 0 and waiting[-1][1] != symbol:
                raise UnlocatedParseError(
                    f"syntax error, unexpected '{symbol}'",
                    start,
                    start + len(symbol),
                    hint=f"put what stands on one side of '{symbol}' in parentheses",
                    other=(waiting[-1][2], waiting[-1][2] + len(waiting[-1][1])),
                    other_text="the pipe in the other direction",
                )
            if other < precedence or (other == precedence and associates == _RIGHT):
                break
            if other == precedence and associates == _NONE:
                raise UnlocatedParseError(
                    f"syntax error, unexpected '{symbol}'",
                    start,
                    start + len(symbol),
                    hint="comparisons do not chain: put one of them in parentheses",
                    other=(waiting[-1][2], waiting[-1][2] + len(waiting[-1][1])),
                    other_text="the first comparison",
                )
            self._reduce()
        waiting.append((precedence, symbol, start, False))

    def has(self, path: tuple[AttrKey, ...], end: int) -> None:
        while self.waiting and self.waiting[-1][0] > HAS:
            self._reduce()
        node, start, _ = self.operands[-1]
        self.operands[-1] = (HasAttr(node, path, start, end), start, end)

    def finish(self) -> Expr:
        while self.waiting:
            self._reduce()
        return self.operands[0][0]

    def _reduce(self) -> None:
        _, symbol, at, is_prefix = self.waiting.pop()
        right, _, end = self.operands.pop()
        if is_prefix:
            self.operands.append((Unary(symbol, right, at, end), at, end))
        else:
            left, start, _ = self.operands[-1]
            if symbol in PIPES:
                node: Expr = piped(symbol, left, right, start, end)
            else:
                node = Binary(symbol, left, right, at, start, end)
            self.operands[-1] = (node, start, end)


def piped(symbol: str, left: Expr, right: Expr, start: int, end: int) -> Apply:
    """Return the call that a pipe stands for. The argument joins those of a call, as in an application."""
    function, argument = (right, left) if symbol == "|>" else (left, right)
    if type(function) is Apply and len(function.arguments) < MOST_ARGUMENTS:
        return Apply(function.function, (*function.arguments, argument), start, end)
    return Apply(function, (argument,), start, end)
