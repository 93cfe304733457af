"""Convert values of expressions to Python types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..evaluator import to_python
from .instantiation import evaluate_request

if TYPE_CHECKING:
    from .request import Request
    from .session import Session


def evaluate(session: Session, request: Request) -> Any:
    """Evaluate a request deeply, and return its value; for several attributes, a list of their values.

    Attribute sets become dictionaries, lists become lists, strings and paths become Unicode strings. Builds only what
    the expression reads. Raises `RequestError`, `LangError`, `EvalError` (also for a function), `LockError`,
    `BuildError`.
    """
    evaluator = session.evaluator
    values = [to_python(evaluator, selected.value) for selected in evaluate_request(session, request).selected]
    return values[0] if len(request.attributes) <= 1 else values
