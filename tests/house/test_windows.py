"""Windows of rooms that import when asked: what they say of names to people, to checkers and to Python is the same."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "room",
    [
        "apk",
        "builder",
        "disk",
        "evaluator",
        "ops",
        "ops.lock",
        "ops.diff",
        "ops.packages",
        "ops.provenance",
        "ops.bootstrap",
        "ops.installed",
        "ops.images",
        "ops.vm",
    ],
)
def test_every_name_in_a_window_is_found_where_it_is_said_to_be(room: str) -> None:
    window = importlib.import_module(f"chx.{room}")
    if room.startswith(("apk", "disk", "ops")):
        homes = {name: home for home, names in window._ORIGINS.items() for name in names.split()}
    else:
        homes = {name: f".{home}" for name, home in window._HOMES.items()}
    assert set(homes) <= set(window.__all__)
    # Importing a module makes it an attribute of its package, in place of a function of that name.
    assert not [name for name in homes if (ROOT / room.replace(".", "/") / f"{name}.py").exists()]
    for name, home in homes.items():
        assert getattr(window, name) is getattr(importlib.import_module(home, f"chx.{room}"), name), name
    declared = {
        (alias.name, "." * statement.level + (statement.module or ""))
        for statement in ast.walk(ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text()))
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert set(homes.items()) <= declared
