"""Profiles of evaluations: taken, written as a file, and told in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..evaluator.sampling import Sampler
from ..ops.errors import RequestError
from .output import tell
from .render.profile import collapsed, speedscope, summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _T = TypeVar("_T")


def profiled(file: str, evaluate: Callable[[], _T]) -> _T:
    """Call `evaluate`; write its profile to `file`, also if it fails, and a summary to standard error.

    Raises `RequestError` if the file cannot be written, before anything is evaluated if that is known.
    """
    try:
        with open(file, "ab"):
            pass
    except (OSError, ValueError) as error:
        raise _refused(file, error) from None
    sampler = Sampler()
    try:
        with sampler:
            return evaluate()
    finally:
        write = speedscope if file.endswith(".json") else collapsed
        try:
            with open(file, "wb") as out:
                out.write(write(sampler.stacks).encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise _refused(file, error) from None
        tell(summary(sampler.stacks))


def _refused(file: str, error: OSError | ValueError) -> RequestError:
    return RequestError(f"cannot write the profile to {file}: {getattr(error, 'strerror', None) or error}")
