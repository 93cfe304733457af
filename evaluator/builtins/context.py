"""Builtins on string contexts."""

from __future__ import annotations

from ..coerce import coerce_to_string
from ..context import Context, Element
from ..errors import InvalidContext, readable, shown_name
from ..values import MISSING, Slot, Value, make_string, names
from .arguments import attrs, boolean, items, plain_string, string_with_context, value


def has_context(argument: Slot) -> bool:
    """`hasContext s`."""
    return bool(string_with_context(argument)[1])


def unsafe_discard_string_context(argument: Slot) -> str:
    """`unsafeDiscardStringContext s`."""
    return coerce_to_string(value(argument), copy=True)[0]


def get_context(argument: Slot) -> dict[str, Slot]:
    """`getContext s`: for each store path, how the string refers to it."""
    result: dict[str, dict[str, Slot]] = {}
    for element in sorted(string_with_context(argument)[1]):
        entry = result.setdefault(element[1], {})
        if element[0] == "path":
            entry["path"] = True
        elif element[0] == "drv":
            entry["allOutputs"] = True
        else:
            entry["outputs"] = (*entry.get("outputs", ()), element[2])
    return dict(result)


def append_context(argument: Slot, context: Slot) -> Value:
    """`appendContext s context`, with the context as `getContext` gives it."""
    text, found = string_with_context(argument)
    added: set[Element] = set()
    given = attrs(context)
    for path in names(given):
        if not is_store_path(path):
            raise InvalidContext(f"context key '{shown_name(path)}' is not a store path")
        entry = attrs(given[path])
        if "path" in entry and boolean(value(entry["path"])):
            added.add(("path", path))
        if "allOutputs" in entry and boolean(value(entry["allOutputs"])):
            if not path.endswith(".drv"):
                raise InvalidContext(
                    f"tried to add all-outputs context of {readable(path)}, which is not a derivation, to a string"
                )
            added.add(("drv", path))
        outputs = entry.get("outputs", MISSING)
        if outputs is not MISSING:
            wanted = items(outputs)
            if wanted and not path.endswith(".drv"):
                raise InvalidContext(
                    f"tried to add derivation output context of {readable(path)}, which is not a derivation, to a string"
                )
            for slot in wanted:
                added.add(("output", path, plain_string(slot)))
    return make_string(text, found | added)


def is_store_path(text: str) -> bool:
    """Whether a text is the full path of a store object."""
    from ...store.path import STORE_DIR, InvalidStorePath, StorePath

    if not text.startswith(STORE_DIR + "/"):
        return False
    try:
        StorePath.parse(text)
    except InvalidStorePath:
        return False
    return True


def unsafe_discard_output_dependency(argument: Slot) -> Value:
    """`unsafeDiscardOutputDependency s`: refer to derivation files as files only."""
    text, found = coerce_to_string(value(argument), copy=True)
    return make_string(text, frozenset(("path", e[1]) if e[0] == "drv" else e for e in found))


def add_drv_output_dependencies(argument: Slot) -> Value:
    """`addDrvOutputDependencies s`: the inverse, for a string that refers to one derivation file."""
    text, found = coerce_to_string(value(argument), copy=True)
    if len(found) != 1:
        raise InvalidContext(
            f"context of string '{readable(text)}' must have exactly one element, but has {len(found)}"
        )
    (element,) = found
    if element[0] == "output":
        raise InvalidContext(
            f"`addDrvOutputDependencies` can only act on derivations, not on a derivation output such as '{element[2]}'"
        )
    if not element[1].endswith(".drv"):
        raise InvalidContext(f"path '{readable(element[1])}' is not a derivation")
    result: Context = frozenset((("drv", element[1]),))
    return make_string(text, result)
