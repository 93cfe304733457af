"""Whether a difference from the lock comes from the project's own files.

The lock has a fingerprint of the evaluation that it was written from. A difference is the project's own if files of
that fingerprint or trees within the project have changed, and nothing else has that the value depends on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .document import NAME
from .fingerprint import CHX, changed
from .seal import state_of

if TYPE_CHECKING:
    from ..targets import Target
    from .document import Lock, Pin
    from .project import Project


class Edits(NamedTuple):
    """The project's own files and inputs that have changed, and why they may not explain a difference."""

    own: tuple[str, ...]
    refusal: str | None

    @property
    def title(self) -> str:
        """The changed files as the subject of a sentence, with its auxiliary verb."""
        more = len(self.own) - 1
        return f"{self.own[0]} has" if not more else f"{self.own[0]} and {more} more have"

    def of_pin(self, lock: Lock, target: Target, system: str, pin: Pin) -> Edits:
        """Return the edits since a pin was made, which may be earlier than the fingerprint."""
        if self.refusal is not None:
            return self
        match state_of(lock, target.attribute, system, pin):
            case "valid_with_inputs":
                return self
            case "valid_with_chx":
                return self._replace(own=self.own or ("the expression",))
            case "valid":
                return self._replace(refusal="it was pinned before other attributes, with another chx or other inputs")
            case _:
                return self._replace(refusal=f"its pin in {NAME} was edited or merged, and is not as chx lock wrote it")


def edits_of(project: Project, lock: Lock, has_arguments: bool) -> Edits:
    """Compare the project with the fingerprint in its lock."""
    files = list(changed(lock.files, project.folder))
    own = (*(f"the input '{name}'" for name in project.moved), *(name for name in files if name != CHX))
    if has_arguments:
        return Edits(own, "it was asked for with arguments; pins hold whatever they are")
    if not lock.files:
        return Edits(own, f"{NAME} has no fingerprint of the files, so chx cannot tell whether they have changed")
    if CHX in files:
        return Edits(own, "chx itself has changed since it was pinned")
    return Edits(own, None)
