"""Generated functions, and their access to variables of other functions.

A *unit* is one Python function: the body of a thunk (`t7`) or of a lambda (`f7`). Units made at the same place share an
*environment*, one tuple of every outer variable that any of them uses; a unit's prologue unpacks those that it needs. A
unit therefore never holds more than the expressions around it would hold anyway.

While the code of an environment's units is being written its layout is unknown, so texts that mention it contain
`HERE`, which is replaced at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Union

from .scope import Binding

if TYPE_CHECKING:
    from .program import Program

HERE: Final = "\0"

Mark = tuple[Any, ...]


class Hole:
    """Lines to be filled in later."""

    __slots__ = ("indent", "lines")

    def __init__(self, indent: int) -> None:
        self.indent = indent
        self.lines: list[Line] = []


Line = Union[tuple[int, str, Mark | None], Hole]


class Environment:
    """The captured variables of the units made at one place.

    `boxed`: always a tuple, even for one variable; lambdas need that, since their captures must not be None.
    """

    __slots__ = ("boxed", "places", "unit")

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.places: dict[Binding, int] = {}
        self.boxed = False

    def index(self, binding: Binding) -> int:
        """Return the index of a variable, added if it is new."""
        return self.places.setdefault(binding, len(self.places))

    @property
    def single(self) -> bool:
        return len(self.places) == 1 and not self.boxed

    def text(self) -> str:
        """Return the expression that makes it, for the unit that owns it."""
        idents = [self.unit.need(binding) for binding in self.places]
        if not idents:
            return "()"
        if len(idents) == 1:
            return f"({idents[0]},)" if self.boxed else idents[0]
        return f"({', '.join(idents)})"

    def close(self, *texts: str) -> list[str]:
        """Replace `HERE` in texts; an environment used more than once gets a variable."""
        uses = sum(text.count(HERE) for text in texts)
        if not uses:
            return list(texts)
        made = self.text()
        if uses > 1 and not self.single:
            ident = self.unit.program.fresh("n")
            self.unit.emit(f"{ident} = {made}")
            made = ident
        return [text.replace(HERE, made) for text in texts]


class Unit:
    """One Python function being written.

    `forced` holds the variables known to be values at the point of writing.
    """

    __slots__ = ("captured", "environment", "forced", "indent", "lines", "mark", "name", "parameters", "program")

    def __init__(
        self, program: Program, name: str, environment: Environment | None, parameters: list[str], mark: Mark | None
    ) -> None:
        self.program = program
        self.name = name
        self.environment = environment
        self.parameters = parameters
        self.mark = mark
        self.captured: dict[Binding, int] = {}
        self.lines: list[Line] = []
        self.indent = 1
        self.forced: set[str] = set()
        program.units.append(self)

    def emit(self, text: str, mark: Mark | None = None) -> None:
        """Write one line."""
        self.lines.append((self.indent, text, mark))

    def hole(self) -> Hole:
        """Reserve a position for lines."""
        hole = Hole(self.indent)
        self.lines.append(hole)
        return hole

    def fill(self, hole: Hole) -> _Filling:
        """Context in which `emit` writes into `hole`."""
        return _Filling(self, hole)

    def need(self, binding: Binding) -> str:
        """Return the identifier of a variable, captured if it is another unit's."""
        if binding.unit is not self:
            assert self.environment is not None
            self.captured[binding] = self.environment.index(binding)
        return binding.ident

    def use(self, binding: Binding) -> str:
        """Return the text of a variable; its code is written on its first use."""
        if binding.const is None and binding.demand is not None:
            demand, binding.demand = binding.demand, None
            demand()
        if binding.const is not None:
            return binding.const
        return self.need(binding)

    def assemble(self) -> list[tuple[str, Mark | None]]:
        """Return the finished function, line by line."""
        environment = self.environment
        first = "e"
        prologue: list[str] = []
        if self.captured:
            assert environment is not None
            if environment.single:
                (binding,) = self.captured
                first = binding.ident
            elif list(self.captured.values()) == list(range(len(environment.places))):
                idents = ", ".join(binding.ident for binding in self.captured)
                prologue = [f" {idents}{',' if len(self.captured) == 1 else ''} = e"]
            elif len(self.captured) * 2 > len(environment.places) and len(environment.places) < 12:
                order = {place: binding.ident for binding, place in self.captured.items()}
                targets = [order.get(i, "_") for i in range(len(environment.places))]
                prologue = [f" {', '.join(targets)}{',' if len(targets) == 1 else ''} = e"]
            else:
                prologue = [f" {binding.ident} = e[{place}]" for binding, place in self.captured.items()]
        result: list[tuple[str, Mark | None]] = [
            (f"def {self.name}({', '.join([first, *self.parameters])}):", self.mark)
        ]
        result.extend((line, None) for line in prologue)
        _flatten(self.lines, result)
        return result


def _flatten(lines: list[Line], result: list[tuple[str, Mark | None]]) -> None:
    for line in lines:
        if isinstance(line, Hole):
            _flatten(line.lines, result)
        else:
            indent, text, mark = line
            result.append((" " * indent + text, mark))


class _Filling:
    def __init__(self, unit: Unit, hole: Hole) -> None:
        self.unit = unit
        self.hole = hole

    def __enter__(self) -> None:
        self.before = (self.unit.lines, self.unit.indent)
        self.unit.lines, self.unit.indent = self.hole.lines, self.hole.indent

    def __exit__(self, *_: object) -> None:
        self.unit.lines, self.unit.indent = self.before
