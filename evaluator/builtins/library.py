"""The builtins of one evaluator, loaded on first use."""

from __future__ import annotations

from ..values import Builtin, Slot, Value
from .registry import CONSTANTS, EXPERIMENTAL, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..evaluator import Evaluator
    from .registry import Entry


NIX_VERSION: Final = "2.34.0"
LANG_VERSION: Final = 6
STORE_DIR: Final = "/chx/store"

wrapper: Callable[[Callable[..., Value], str], Callable[..., Value]] | None = None
"""Applied to each function and its name, while a profile is made."""


class Library:
    """Builtins as values and as Python functions."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._functions: dict[str, Callable[..., Value]] = {}
        self._values: dict[str, Value] = {}

    def function(self, name: str) -> Callable[..., Value]:
        """Return the Python function of a builtin, which takes all its arguments at once."""
        found = self._functions.get(name)
        if found is None:
            entry = _entry(name)
            module = __import__(f"{__package__}.{entry.module}", fromlist=(entry.function,))
            found = getattr(module, entry.function)
            if wrapper is not None:
                found = wrapper(found, name)
            self._functions[name] = found
        return found

    def value(self, name: str) -> Slot:
        """Return a builtin as a value."""
        if name in self._values:
            return self._values[name]
        value: Any
        if name in TABLE or name in EXPERIMENTAL:
            value = Builtin(name, _entry(name).arity, self.function(name))
        else:
            value = getattr(self, f"_{name}")()
        self._values[name] = value
        return value

    def _builtins(self) -> dict[str, Slot]:
        result: dict[str, Slot] = {name: [self.value, name] for name in (*TABLE, *CONSTANTS) if name != "builtins"}
        if not self._evaluator.options.pure:
            result["currentTime"] = [self._evaluator.current_time, None]
        if not self._evaluator.options.features.isdisjoint(("fetch-tree", "flakes")):
            result["fetchTree"] = [self.value, "fetchTree"]
        result["builtins"] = result
        return result

    def _true(self) -> bool:
        return True

    def _false(self) -> bool:
        return False

    def _null(self) -> None:
        return None

    def _chxVersion(self) -> str:
        from ... import __version__

        return __version__

    def _nixVersion(self) -> str:
        return NIX_VERSION

    def _langVersion(self) -> int:
        return LANG_VERSION

    def _storeDir(self) -> str:
        return STORE_DIR

    def _currentSystem(self) -> str:
        return self._evaluator.current_system

    def _nixPath(self) -> tuple[dict[str, Slot], ...]:
        return tuple({"path": path, "prefix": prefix} for prefix, path in self._evaluator.world.search_path())


def _entry(name: str) -> Entry:
    return TABLE.get(name) or EXPERIMENTAL[name]
