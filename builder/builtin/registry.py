"""The registry of builtin builders."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from ..errors import UnknownBuiltin

if TYPE_CHECKING:
    from collections.abc import Callable

    from .task import Task

# Name: module and function; a module is imported when its builder is used first.
BUILTINS: Final[dict[str, tuple[str, str]]] = {
    "builtin:apk": ("apk", "make_packages"),
    "builtin:fetch": ("fetch", "fetch"),
    "builtin:fetchurl": ("fetch", "fetch"),  # Nix's name
    "builtin:image": ("machine", "make_image"),
    "builtin:merge": ("merge", "merge_trees"),
    "builtin:tree": ("tree", "write_tree"),
    "builtin:unpack": ("unpack", "unpack"),
}
FETCHERS: Final = frozenset({"builtin:fetch", "builtin:fetchurl"})


def find_builtin(builder: str) -> Callable[[Task], None]:
    """Return the function of a builtin builder. Raises `UnknownBuiltin`."""
    found = BUILTINS.get(builder)
    if found is None:
        raise UnknownBuiltin(builder, tuple(sorted(BUILTINS)))
    module, name = found
    return cast("Callable[[Task], None]", getattr(import_module(f".{module}", __package__), name))
