"""Documentation of built-in functions, for the repl."""

from __future__ import annotations

from importlib import import_module

from .registry import GLOBAL_NAMES, TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


_CONSTANTS: Final = {
    "builtins": "the set of all built-in functions and values",
    "chxVersion": "the version of chx, a string",
    "currentSystem": "the system that packages are built on, such as x86_64-linux",
    "currentTime": "the seconds since 1970 at which evaluation began; not there in pure evaluation",
    "false": "a Boolean",
    "langVersion": "the version of the language, an integer",
    "nixPath": "the list of what -I and $NIX_PATH name, where `<name>` is looked up",
    "nixVersion": "the version of Nix whose language this is, a string",
    "null": "the value that stands for none",
    "storeDir": "the directory of the store",
    "true": "a Boolean",
}


def describe_builtin(name: str) -> str | None:
    """Return the documentation of a built-in function or value; None if there is none of that name."""
    if name in _CONSTANTS:
        return f"builtins.{name}, {_CONSTANTS[name]}"
    entry = TABLE.get(name)
    if entry is None:
        return None
    function = getattr(import_module(f".{entry.module}", __package__), entry.function)
    # What is compiled has the Python function, and its text, behind it.
    text = (getattr(function, "__doc__", None) or getattr(function, "__self__", function).__doc__ or "").strip()
    arguments = f"{entry.arity} argument{'s' if entry.arity != 1 else ''}"
    return f"builtins.{name}, a function of {arguments}\n\n" + "\n".join(line.strip() for line in text.split("\n"))


def global_names() -> list[str]:
    """Return the variables that are bound everywhere."""
    return [name for name in GLOBAL_NAMES if not name.startswith("__")]
