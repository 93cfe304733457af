"""Find derivations in values."""

from __future__ import annotations

from .errors import InvalidDerivation, readable
from .force import force_slot
from .values import MISSING, Value, names, string_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..store import StorePath


def is_derivation(value: Value) -> bool:
    """Whether a value is a set with `type = "derivation"`."""
    if type(value) is not dict:
        return False
    kind = value.get("type", MISSING)
    return kind is not MISSING and force_slot(kind) == "derivation"


def derivation_of(value: Value) -> tuple[StorePath, tuple[str, ...]] | None:
    """Return the derivation and output of a derivation's set; None for other values. Raises `InvalidDerivation`."""
    if not is_derivation(value):
        return None
    from ..store.path import StorePath

    drv_path = value.get("drvPath", MISSING)
    text = None if drv_path is MISSING else string_text(force_slot(drv_path))
    if text is None:
        raise InvalidDerivation("derivation does not contain a 'drvPath' attribute")
    name = value.get("outputName", MISSING)
    output = "out" if name is MISSING else string_text(force_slot(name))
    if output is None:
        raise InvalidDerivation("'outputName' of a derivation is not a string")
    return StorePath.parse(text), (output,)


def find_derivations(value: Value, attribute: str) -> list[tuple[StorePath, tuple[str, ...]]]:
    """Return the derivations that a value selects on the command line.

    A derivation selects itself. A list selects its items; a set with `recurseForDerivations` or at the top
    selects its attributes.
    """
    return [(path, outputs) for _, path, outputs in find_named_derivations(value, attribute)]


def find_named_derivations(value: Value, attribute: str) -> list[tuple[str, StorePath, tuple[str, ...]]]:
    """Like `find_derivations`, with the attribute path of each; `attribute` is that of the value."""
    found: list[tuple[str, StorePath, tuple[str, ...]]] = []
    _collect(value, attribute, found, True, set())
    return found


def _inner(attribute: str, name: str) -> str:
    """Return the attribute path of a part of a value, in command-line syntax."""
    if not name or any(c in '."' for c in name):
        name = '"' + name + '"'
    return f"{attribute}.{name}" if attribute else name


def _collect(
    value: Value, attribute: str, found: list[tuple[str, StorePath, tuple[str, ...]]], top: bool, seen: set[int]
) -> None:
    from .autocall import auto_call

    value = auto_call(value, {})
    one = derivation_of(value)
    if one is not None:
        found.append((attribute, *one))
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if type(value) is tuple:
        for index, item in enumerate(value):
            _collect(force_slot(item), _inner(attribute, str(index)), found, True, seen)
    elif type(value) is dict and (top or _recurses(value)):
        for name in names(value):
            inner = force_slot(value[name])
            if type(inner) is dict and (is_derivation(inner) or _recurses(inner)):
                _collect(inner, _inner(attribute, readable(name)), found, False, seen)


def _recurses(value: dict[str, object]) -> bool:
    slot = value.get("recurseForDerivations", MISSING)
    return slot is not MISSING and force_slot(slot) is True
