"""Documentation of built-in functions, for the repl."""

from __future__ import annotations

from importlib import import_module

from .registry import GLOBAL_NAMES, TABLE


def describe_builtin(name: str) -> str | None:
    """Return the documentation of a function; None if there is none of that name."""
    entry = TABLE.get(name)
    if entry is None:
        return None
    module = import_module(f".{entry.module}", __package__)
    text = (getattr(module, entry.function).__doc__ or "").strip()
    arguments = f"{entry.arity} argument{'s' if entry.arity != 1 else ''}"
    return f"builtins.{name}, a function of {arguments}\n\n" + "\n".join(line.strip() for line in text.split("\n"))


def global_names() -> list[str]:
    """Return the variables that are bound everywhere."""
    return [name for name in GLOBAL_NAMES if not name.startswith("__")]
