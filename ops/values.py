"""Values of expressions as Python types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..evaluator import to_python
from .instantiation import evaluate_request

if TYPE_CHECKING:
    from .request import Request
    from .session import Session


def evaluate(session: Session, request: Request) -> Any:
    """Return the value of the one attribute of a request, or of the whole expression, and of all inside it.

    Sets are dictionaries, lists lists, strings and paths Unicode texts. Several attributes are a list of their values.
    Nothing is built but what the expression reads. Raises `RequestError`, `LangError`, `EvalError` (also for a function,
    which is no data), `LockError`, `BuildError`.
    """
    evaluator = session.evaluator
    values = [to_python(evaluator, selected.value) for selected in evaluate_request(session, request).selected]
    return values[0] if len(request.attributes) <= 1 else values
