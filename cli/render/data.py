"""Values as JSON: fields become camelCase keys, store paths and labels strings, bytes hexadecimal digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from ...store import StorePath
from ..output import put


def as_data(value: object) -> Any:
    """Return a value as JSON types. A member of a union of classes has its class as `kind`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, StorePath):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        result = {_camel(field.name): as_data(getattr(value, field.name)) for field in fields(value)}
        kind = getattr(value, "kind", None)
        return {"kind": kind, **result} if isinstance(kind, str) else result
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {_camel(name): as_data(part) for name, part in zip(value._fields, value)}
    if isinstance(value, Mapping):
        return {str(key): as_data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(map(as_data, value))
    raise TypeError(f"no JSON for {type(value).__name__}")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def put_json(value: object) -> None:
    """Print a value as JSON."""
    import json

    put(json.dumps(value, indent=2, sort_keys=True) + "\n")
