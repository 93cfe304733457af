"""Facts about objects, as text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def facts_text(described: Mapping[str, Mapping[str, Any]]) -> str:
    """Return lines for each object: its name, then its facts, with a line for each item of a list."""
    lines = []
    for name, facts in described.items():
        lines.append(f"{name}\n")
        for key, value in facts.items():
            if key in ("registered", "used"):
                from time import localtime, strftime

                value = strftime("%Y-%m-%d %H:%M:%S", localtime(value))
            if isinstance(value, list):
                value = "".join([f"\n    {item}" for item in value]) or "none"
            lines.append(f"  {key}: {value}\n")
    return "".join(lines)
