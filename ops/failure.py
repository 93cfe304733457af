"""What all errors of chx have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..evaluator import Frame
    from ..lang import Label


@runtime_checkable
class Failure(Protocol):
    """An error that is not chx's fault: of an expression, a build, a store, a lock or a request.

    `code` is stable ("E202"; the manual lists them), `message` is a sentence that names the culprit, `hint` is what to try.
    `labels` are places in sources, the first where it happened; `frames` are the steps that led there, from the innermost
    on; `details` are lines that stand before the message.
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
