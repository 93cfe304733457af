"""chx: a functional derivation evaluator and bootstrap prover.

The rooms: `lang` (text to tree), `evaluator` (tree to derivations), `store`
(immutable objects by content), `builder` (derivation to outputs), `arch`
(target profiles), `ops` (what chx does, for Python), `cli` (the commands). This module stays empty of imports:
start-up time is a feature. The names of `chx.ops` are loaded when they are first asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ops import Request, Session, build, evaluate, instantiate

__version__ = "0.1.0"

__all__ = ["Request", "Session", "__version__", "build", "evaluate", "instantiate"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import ops

    value = globals()[name] = getattr(ops, name)
    return value
