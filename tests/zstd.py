"""`chx.store.zstd` by each of the two libraries, whichever Python runs the tests.

There is no `zstandard` for each new Python: from 3.14 on it is tested where it is installed.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

import pytest

NAME: Final = "chx.store.zstd"
OF_PYTHON, FOREIGN = "compression.zstd", "zstandard"
_HAS_OWN: Final = sys.version_info >= (3, 14)
LIBRARIES: Final = (OF_PYTHON, FOREIGN) if not _HAS_OWN or find_spec(FOREIGN) else (OF_PYTHON,)
_LIBRARY_OF_PYTHON: Final = importlib.import_module(OF_PYTHON if _HAS_OWN else "backports.zstd")


def library_of_python() -> ModuleType:
    """`compression.zstd`, or the same for a Python that has none."""
    return _LIBRARY_OF_PYTHON


def load(monkeypatch: pytest.MonkeyPatch, library: str) -> Any:
    """Make chx use one library until the test ends; the module of chx that does."""
    if library == FOREIGN:
        found = importlib.import_module(FOREIGN)
        monkeypatch.setitem(sys.modules, OF_PYTHON, None)
    else:
        found = library_of_python()
        monkeypatch.setitem(sys.modules, "compression", sys.modules.get("compression") or ModuleType("compression"))
        monkeypatch.setitem(sys.modules, OF_PYTHON, found)
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    # Or the package gives the module that it had before.
    monkeypatch.delattr(importlib.import_module("chx.store"), "zstd", raising=False)
    module: Any = importlib.import_module(NAME)
    assert module.ZstdError is found.ZstdError
    monkeypatch.delitem(sys.modules, NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    return module
