"""Windows of rooms that import when asked: what they say of names to people, to checkers and to Python is the same."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("room", ["builder", "evaluator"])
def test_every_name_in_a_window_is_found_where_it_is_said_to_be(room: str) -> None:
    window = importlib.import_module(f"chx.{room}")
    homes: dict[str, str] = window._HOMES
    assert set(homes) <= set(window.__all__)
    for name, home in homes.items():
        assert getattr(window, name) is getattr(importlib.import_module(f"chx.{room}.{home.lstrip('.')}"), name), name
    declared = {
        (alias.name, statement.module)
        for statement in ast.walk(ast.parse((ROOT / room / "__init__.py").read_text()))
        if isinstance(statement, ast.ImportFrom) and statement.level == 1
        for alias in statement.names
    }
    assert {(name, home.lstrip(".")) for name, home in homes.items()} <= declared
