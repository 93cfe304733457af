"""Builtins that steer evaluation."""

from __future__ import annotations

import sys

from .. import session
from ..coerce import coerce_to_string
from ..errors import Aborted, AbortedByWarning, AssertionFailed, Thrown, note_context, readable
from ..force import deep_force
from ..values import Slot, Value, string_text
from .arguments import string, value


def seq(first: Slot, second: Slot) -> Value:
    """`seq a b`."""
    value(first)
    return value(second)


def deep_seq(first: Slot, second: Slot) -> Value:
    """`deepSeq a b`."""
    deep_force(value(first))
    return value(second)


def throw(message: Slot) -> Value:
    """`throw message`."""
    raise Thrown(readable(coerce_to_string(value(message), copy=True)[0]))


def abort(message: Slot) -> Value:
    """`abort message`."""
    raise Aborted(readable(coerce_to_string(value(message), copy=True)[0]))


def try_eval(argument: Slot) -> dict[str, Slot]:
    """`tryEval x`: catches `throw` and `assert`, nothing else."""
    try:
        found = value(argument)
    except (Thrown, AssertionFailed):
        return {"success": False, "value": False}
    return {"success": True, "value": found}


def trace(message: Slot, result: Slot) -> Value:
    """`trace message x`: shows strings as they are, other values as printed."""
    found = value(message)
    text = string_text(found)
    if text is None:
        from ..printing import show_value

        text = show_value(found)
    session.world().trace(text)
    return value(result)


def trace_verbose(message: Slot, result: Slot) -> Value:
    """`traceVerbose message x`: silent, unless the setting `trace-verbose` makes it `trace`."""
    return trace(message, result) if session.evaluator().options.trace_verbose else value(result)


def warn(message: Slot, result: Slot) -> Value:
    """`warn message x`."""
    session.world().warn(string(message))
    if session.evaluator().options.abort_on_warn:
        raise AbortedByWarning
    return value(result)


def add_error_context(message: Slot, result: Slot) -> Value:
    """`addErrorContext message x`: errors on the way to `x` say so."""
    try:
        return value(result)
    except Exception as error:
        note_context(error, readable(coerce_to_string(value(message), copy=False)[0]), sys._getframe())
        raise


def break_(argument: Slot) -> Value:
    """`break x`: `x`; there is no debugger to enter."""
    return value(argument)
