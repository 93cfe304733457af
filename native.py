"""The compiled runtime, where there is one.

`_runtime`, made from the folder `runtime/`, holds in C what evaluation does most. `pip install` makes it if a compiler is
at hand, and leaves it out without a word if none is; `CHX_PURE_PYTHON=1` in the environment leaves it out, too. A
function marked `@native` is then the one in C, which calls the Python function where its own way does not apply: what a
program can see is the same.
"""

from __future__ import annotations

import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any])

_runtime: Any = None
if not posix.environ.get(b"CHX_PURE_PYTHON"):
    try:
        _runtime = __import__(f"{__package__}._runtime", fromlist=("replace",))
    except ImportError:
        _runtime = None

is_compiled: Final = _runtime is not None
"""Whether there is a compiled runtime."""


def _nothing() -> None:
    pass


# Not `compile`, whose first call makes all classes of the syntax tree. Without flags, variables of a frame are those of a
# module: since Python 3.13 (PEP 667) the frame of a function has only those that its code names.
FORCING: Final = _nothing.__code__.replace(co_name="<forcing>", co_flags=0)
"""Code of the frame that the compiled `force` leaves in the traceback of infinite recursion, with `thunk`."""
LATE: Final = _nothing.__code__.replace(co_name="<late>", co_flags=0)
"""Code of the frame that the compiled `select_late` and `lookup_late` leave, with their variables."""


def native(function: _F) -> _F:
    """The compiled form of a function, or the function itself."""
    if _runtime is None:
        return function
    module = function.__module__
    return _runtime.replace(f"{module[module.rindex('.') + 1 :]}.{function.__name__}", function)  # type: ignore[no-any-return]


def pure(function: Any) -> Any:
    """The Python function that a compiled one stands for."""
    return getattr(function, "__self__", function)


def deepen(calls: int) -> None:
    """Let Python 3.12 and 3.13 nest as many C calls in this thread as other versions do."""
    if _runtime is not None:
        _runtime.deepen(calls)


def share(**objects: Any) -> None:
    """Make objects known to the compiled runtime."""
    if _runtime is not None:
        for name, value in objects.items():
            _runtime.share(name, value)


share(FORCING=FORCING, LATE=LATE)
