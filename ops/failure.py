"""The protocol that all errors of chx implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluator import Frame
    from ..lang import Label


@runtime_checkable
class Failure(Protocol):
    """An error of an expression, a build, a store, a lock or a request, and no defect of chx.

    `code` is stable ("E202"; the manual lists them). `message` is a sentence that names the culprit, `hint` is what to
    try. `labels` are places in sources; the error happened at the first. `frames` are the steps that led to it,
    innermost first. `details` are lines to show before the message.
    """

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def labels(self) -> Sequence[Label]: ...
    @property
    def frames(self) -> Sequence[Frame]: ...
    @property
    def details(self) -> Sequence[str]: ...
