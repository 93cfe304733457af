"""chx: a functional derivation evaluator and bootstrap prover.

The rooms: `lang` (text to tree), `evaluator` (tree to derivations), `store`
(immutable objects by content), `builder` (derivation to outputs), `arch`
(target profiles), `ops` (what chx does, for Python), `cli` (the commands). This module stays empty of imports:
start-up time is a feature. The names of `chx.ops` are loaded when they are first asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .ops import Request, Session, build, evaluate, instantiate

__version__ = "0.1.0"

__all__ = ["Request", "Session", "__version__", "build", "evaluate", "instantiate"]


def window(package: str, origins: "Mapping[str, str]") -> "Callable[[str], object]":
    """Return the `__getattr__` of a package that imports its names on first use.

    `origins` has the names of each module, separated by blanks; modules are relative to the package.
    """

    def find(name: str) -> object:
        import sys
        from importlib import import_module

        for module, names in origins.items():
            if name in names.split():
                value: object = getattr(import_module(module, package), name)
                setattr(sys.modules[package], name, value)
                return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find


__getattr__ = window(__name__, {".ops": "Request Session build evaluate instantiate"})
