"""The public interface of the evaluator."""

from __future__ import annotations

from . import recursion, session
from .builtins.library import Library
from .coerce import canonical
from .errors import FileUnavailable, readable
from .force import deep_force, force, force_slot
from .trace import annotate
from .values import TYPE_NAMES, Slot, Value, names, string_text

_MOST_LINKS = 1023
_TELLING = ("pname", "url", "urls", "src", "name")
"""Attributes of a derivation that lie in a package, the best one first."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])

    from ..lang.errors import Label
    from ..lang.source import Source
    from ..store import StorePath
    from .compiling import SourceText
    from .symbols import SymbolTable
    from .world import World


class Options:
    """Options of an evaluation.

    `pure`: no clock and no environment. `exact`: delay everything that Nix delays, so that a value printed without
    forcing it shows the same `<CODE>`; slower. `max_call_depth`: least number of nested calls that must work.
    `current_system` replaces the world's. `features`: names of Nix's experimental features; `fetch-tree`, `flakes`,
    `parse-toml-timestamps` and `pipe-operators` change something. `abort_on_warn`: `warn` is an error. `trace_verbose`: `traceVerbose` traces.
    `lints`: levels (`warn`, `fatal`) of Nix's lints, by their settings.
    """

    __slots__ = (
        "abort_on_warn",
        "current_system",
        "exact",
        "features",
        "lints",
        "max_call_depth",
        "pure",
        "trace_verbose",
    )

    def __init__(
        self,
        *,
        pure: bool = True,
        exact: bool = False,
        max_call_depth: int = 10_000,
        current_system: str | None = None,
        features: frozenset[str] = frozenset(),
        abort_on_warn: bool = False,
        trace_verbose: bool = False,
        lints: Mapping[str, str] | None = None,
    ) -> None:
        self.lints = lints or {}
        self.pure = pure
        self.abort_on_warn = abort_on_warn
        self.trace_verbose = trace_verbose
        self.exact = exact
        self.max_call_depth = max_call_depth
        self.current_system = current_system
        self.features = features

    @property
    def pipes(self) -> bool:
        """Whether the language has the operators `|>` and `<|`."""
        return "pipe-operators" in self.features


def _entry_point(method: _F) -> _F:
    """Run a method with a deep stack and this evaluator as the current one; add source places to its errors."""

    def entered(self: Evaluator, *arguments: Any, **named: Any) -> Any:
        if self._entered:
            return method(self, *arguments, **named)

        def body() -> Any:
            before = session.enter(self)
            self._entered = True
            try:
                return method(self, *arguments, **named)
            except Exception as error:
                described = annotate(error)
                if described is error:
                    raise
                raise described from error.__cause__
            finally:
                self._entered = False
                session.leave(before)

        return recursion.run_deep(body, self.options.max_call_depth)

    entered.__doc__ = method.__doc__
    entered.__name__ = method.__name__
    return entered  # type: ignore[return-value]


class Evaluator:
    """Evaluates files and texts of the language in a `World`.

    Returned values may contain thunks; force them with `force`, or read attributes with `select` and the like. Errors
    are `EvalError`, or `LangError` for a text that is no expression. An evaluator creates reference cycles: disable the
    cyclic garbage collector (`gc.disable()`) in a process that evaluates and exits.
    """

    def __init__(self, world: World, options: Options | None = None, *, max_call_depth: int | None = None) -> None:
        if options is None:
            options = Options() if max_call_depth is None else Options(max_call_depth=max_call_depth)
        self.world = world
        self.options: Final = options
        self.builtins = Library(self)
        self.current_system = options.current_system or world.current_system
        self._entered = False
        self._files: dict[str, list[Any]] = {}
        self._copied: dict[str, str] = {}
        self._linted: set[str] = set()
        self.symbols: SymbolTable | None = None
        """Set if sets are processed in Nix's order of symbols, which is when evaluation is `exact`."""
        if options.exact:
            from .symbols import SymbolTable

            self.symbols = SymbolTable()
        self.instantiated: dict[str, dict[str, Slot]] = {}
        """The attributes of each derivation, by its path."""

    # --- evaluating

    @_entry_point
    def eval_file(self, path: str) -> Value:
        """Return the value of a file, or of `default.nix` in a directory."""
        return self.import_path(canonical(_absolute(path)))

    @_entry_point
    def eval_source(self, source: Source) -> Value:
        """Return the value of a text."""
        from .compiling import SourceText

        return self._main(SourceText(source.name, source.text, source.base), None)

    @_entry_point
    def parse_reference(self, text: str) -> dict[str, str | int | bool]:
        """Return the attributes of a flake reference (byte strings). Raises `EvalError`."""
        from .flakeref import parse_reference

        return parse_reference(text)

    @_entry_point
    def eval_flake(self, attributes: Mapping[str, str | int | bool]) -> Value:
        """Return the value of the flake that attributes name (byte strings); a working tree is taken as it is, in pure evaluation too."""
        from .flakes import flake_of

        return flake_of("getFlake", attributes, may_move=True)

    @_entry_point
    def suspend(self, source: Source, scope: dict[str, Slot]) -> Slot:
        """Return a thunk of a text in which the names of `scope` are bound. Errors in the text are raised at once."""
        from .compiling import SourceText, compile_source
        from .loader import load

        text = SourceText(source.name, source.text, source.base)
        if self.options.lints:
            self._lint(text)
        compiled = compile_source(self.world, text, tuple(names(scope)), self.options.exact, self.options.pipes)
        return [load(self, compiled, text), scope]

    @_entry_point
    def format_one_level(self, value: Slot) -> str:
        """Return the text of a value for the repl: one level deep."""
        from .repl_format import format_one_level

        return format_one_level(force_slot(value))

    @_entry_point
    def show_deep(self, value: Slot) -> str:
        """Return the text of a value and everything inside it for the repl; a string is its own text."""
        from .repl_format import format_whole

        value = force_slot(value)
        text = string_text(value)
        return format_whole(value) if text is None else readable(text)

    def describe(self, value: Slot) -> str:
        """Return the type of a value for messages: `a set`, `the built-in function 'map'`."""
        from .values import describe

        return describe(self.force(value))

    @_entry_point
    def force(self, slot: Slot) -> Value:
        """Return the value in a slot."""
        return force_slot(slot)

    @_entry_point
    def force_deep(self, value: Slot) -> Value:
        """Force everything inside a value."""
        value = force_slot(value)
        deep_force(value)
        return value

    @_entry_point
    def call(self, function: Slot, *arguments: Slot) -> Value:
        """Apply a function to arguments, one after the other."""
        from .operators import call

        result = force_slot(function)
        for argument in arguments:
            result = call(result, argument)
        return result

    @_entry_point
    def auto_call(self, value: Slot, arguments: dict[str, Slot]) -> Value:
        """Call a function that takes a set of named arguments; return any other value unchanged."""
        from .autocall import auto_call

        return auto_call(force_slot(value), arguments)

    # --- looking into values

    @_entry_point
    def select_attr_path(self, value: Slot, path: str, arguments: dict[str, Slot] | None = None) -> Value:
        """Select `a.b.0.c` as on the command line; functions on the way are called with `arguments` and their defaults."""
        from .attrpath import select_attr_path

        return select_attr_path(force_slot(value), path, arguments or {})

    @_entry_point
    def select(self, value: Slot, name: str) -> Value:
        """Return an attribute of a set."""
        from .operators import select

        return select(force_slot(value), name)

    @_entry_point
    def attr_names(self, value: Slot) -> list[str]:
        """Return the names in a set, in order."""
        value = force_slot(value)
        if type(value) is not dict:
            from .operators import expected

            raise expected("a set", value)
        return names(value)

    @_entry_point
    def elements(self, value: Slot) -> tuple[Slot, ...]:
        """Return the elements of a list."""
        value = force_slot(value)
        if type(value) is not tuple:
            from .operators import expected

            raise expected("a list", value)
        return value

    def type_name(self, value: Slot) -> str:
        """Return the result of `builtins.typeOf`."""
        return TYPE_NAMES[type(self.force(value))]

    def string(self, text: str) -> Value:
        """Make a string value from bytes."""
        return text

    @_entry_point
    def derivation_of(self, value: Slot) -> tuple[StorePath, tuple[str, ...]] | None:
        """Return the derivation and outputs of a derivation's set; None for other values."""
        from .derivations import derivation_of

        return derivation_of(force_slot(value))

    @_entry_point
    def derivations(self, value: Slot, attribute: str = "") -> list[Any]:
        """Return all derivations in a value (see `derivations.py`)."""
        from .derivations import find_derivations

        return find_derivations(force_slot(value), attribute)

    @_entry_point
    def named_derivations(self, value: Slot, attribute: str = "") -> list[Any]:
        """Like `derivations`, as triples that begin with the attribute path."""
        from .derivations import find_named_derivations

        return find_named_derivations(force_slot(value), attribute)

    def place_of(self, derivation: StorePath) -> Label | None:
        """Return the place of the name of a derivation that this evaluator instantiated.

        That is in the package, rather than in functions it calls.
        """
        from .builtins.derivations import PLACE
        from .trace import attr_label, attr_place

        given = self.instantiated.get(str(derivation))
        if given is None:
            return None
        told = given.get(PLACE)
        if told is not None:
            value = force_slot(told)
            if type(value) is dict:
                given = value
        name = next((name for name in _TELLING if attr_place(given, name) is not None), "name")
        return attr_label(given, name)

    # --- printing

    @_entry_point
    def print_value(self, value: Slot, strict: bool = False) -> str:
        """Return the text that `nix-instantiate --eval` prints (a byte string)."""
        from .printing import print_value

        value = force_slot(value)
        if strict:
            deep_force(value)
        return print_value(value)

    @_entry_point
    def to_json(self, value: Slot) -> str:
        """Return the text of `--json` (a byte string); paths become store paths."""
        from .jsontext import to_json

        return to_json(force_slot(value), copy=True)[0]

    @_entry_point
    def to_xml(self, value: Slot, strict: bool = False, location: bool = True) -> str:
        """Return the text of `--xml` (a byte string)."""
        from .xmltext import to_xml

        value = force_slot(value)
        if strict:
            deep_force(value)
        return to_xml(value, location=location)[0]

    @_entry_point
    def to_raw(self, value: Slot) -> str:
        """Return the bytes of a value that can be coerced to a string."""
        from .coerce import coerce_to_string

        return coerce_to_string(force_slot(value), copy=True)[0]

    # --- files

    def forget_files(self) -> None:
        """Forget evaluated files: they are evaluated again at their next import."""
        self._files.clear()
        self._copied.clear()

    def import_path(self, path: str, scope: dict[str, Slot] | None = None) -> Value:
        """Evaluate `import path`; each file is evaluated once unless it gets a scope of its own."""
        real = self._expression_path(path)
        if scope is not None:
            return self._main(self._source(real), scope)
        thunk = self._files.get(real)
        if thunk is None:
            thunk = self._files[real] = [self._evaluate_file, real]
        return thunk[1] if thunk[0] is None else force(thunk)

    def _expression_path(self, path: str) -> str:
        """Return the file of an expression: links at the end of a path are followed, so that `./.` is beside their target.

        Other links are not followed: `..` undoes the last component. For a directory, return its `default.nix`.
        """
        kind = self.world.file_type(path)
        for _ in range(_MOST_LINKS):
            if kind != "symlink":
                break
            target = self.world.link_target(path)
            path = canonical(target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}")
            kind = self.world.file_type(path)
        else:
            raise FileUnavailable(f"too many symbolic links encountered while traversing the path '{readable(path)}'")
        if kind == "directory":
            path = f"{path.rstrip('/')}/default.nix"
            kind = self.world.file_type(path)
        if kind is None:
            raise FileUnavailable(f"path '{readable(path)}' does not exist")
        return path

    def _evaluate_file(self, path: str) -> Value:
        return self._main(self._source(path), None)

    def _source(self, path: str) -> SourceText:
        from .compiling import SourceText

        return SourceText(path, self.world.read_file(path).decode("latin-1"), path.rpartition("/")[0] or "/")

    def _main(self, source: SourceText, scope: dict[str, Slot] | None) -> Value:
        from .compiling import compile_source
        from .loader import load

        if self.options.lints:
            self._lint(source)
        extra = tuple(names(scope)) if scope else ()
        compiled = compile_source(self.world, source, extra, self.options.exact, self.options.pipes)
        return load(self, compiled, source)(scope)

    def _lint(self, text: SourceText) -> None:
        """Lint a source; a file is linted once."""
        from .linting import check_literals

        if text.name not in self._linted:
            if text.name.startswith("/"):
                self._linted.add(text.name)
            check_literals(self.world, text.source(), self.options.lints, self.options.pipes)

    def copy_to_store(self, path: str) -> str:
        """Return the store path, as text, of the file or tree at a path."""
        found = self._copied.get(path)
        if found is None:
            if self.world.file_type(path) is None:
                raise FileUnavailable(f"path '{readable(path)}' does not exist")
            from .storename import store_name

            added = self.world.add_path(path, store_name(path), None, True, None)
            found = self._copied[path] = str(added)
        return found

    def current_time(self, _: object) -> int:
        """Seconds since 1970, the same for the whole evaluation."""
        import time

        return int(time.time())


def _absolute(path: str) -> str:
    if path.startswith("/"):
        return path
    raise ValueError(f"not an absolute path: {path}")
