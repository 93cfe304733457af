"""The evaluator: from syntax trees to lazy values and derivations.

Terms: a *thunk* is an unevaluated expression, *forcing* it returns a *value*; a *slot* holds either. A thunk under
evaluation is a *blackhole*. A *string context* is the set of store objects that a string refers to. *Instantiating*
turns an expression into a derivation in the store.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .builtins.help import describe_builtin, global_names
    from .compiling import check_variables
    from .errors import EvalError, FileUnavailable, Frame
    from .evaluator import Evaluator, Options
    from .memory import lifted
    from .python import to_python
    from .recursion import run_deep
    from .values import Builtin, ContextString, Partial, Path, Value
    from .world import ContextElement, FileKind, World


__all__ = [
    "Builtin",
    "ContextElement",
    "ContextString",
    "EvalError",
    "Evaluator",
    "FileKind",
    "FileUnavailable",
    "Frame",
    "Options",
    "Partial",
    "Path",
    "Value",
    "World",
    "check_variables",
    "describe_builtin",
    "global_names",
    "lifted",
    "run_deep",
    "to_python",
]

_HOMES = {
    "Builtin": "values", "ContextElement": "world", "ContextString": "values", "EvalError": "errors", "FileUnavailable": "errors",
    "Evaluator": "evaluator", "FileKind": "world", "Frame": "errors", "Options": "evaluator", "Partial": "values",
    "Path": "values", "Value": "values", "World": "world", "check_variables": "compiling", "run_deep": "recursion",
    "describe_builtin": "builtins.help", "global_names": "builtins.help", "lifted": "memory", "to_python": "python",
}  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(__import__(f"{__name__}.{home}", fromlist=(name,)), name)
    globals()[name] = found
    return found
