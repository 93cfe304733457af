"""chx: a functional derivation evaluator and bootstrap prover.

The rooms: `lang` (text to tree), `evaluator` (tree to derivations), `store`
(immutable objects by content), `builder` (derivation to outputs), `arch`
(target profiles), `ops` (what chx does, for Python), `cli` (the commands). This module stays empty of imports:
start-up time is a feature. The names of `chx.ops` are loaded when they are first asked for. Importing it raises
ImportError where Python is not CPython 3.11 or newer; older ones must be able to read this file.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .ops import Request, Session, build, evaluate, instantiate

if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
    raise ImportError(
        f"chx needs CPython 3.11 or newer, and {sys.executable or 'this'} is "
        f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}",
        name="chx",
    )

__version__ = "0.1.0"

__all__ = ["Request", "Session", "__version__", "build", "evaluate", "instantiate"]


def window(package: str, origins: "Mapping[str, str]") -> "Callable[[str], object]":
    """Return the `__getattr__` of a package that imports its names on first use.

    `origins` has the names of each module, separated by blanks; modules are relative to the package.
    """

    def find(name: str) -> object:
        from importlib import import_module

        for module, names in origins.items():
            if name in names.split():
                value: object = getattr(import_module(module, package), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find


__getattr__ = window(__name__, {".ops": "Request Session build evaluate instantiate"})
