"""Lock files: inputs and outputs pinned by content (docs/lock.md)."""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .checking import Checked, Report, check
    from .document import Lock, LockedInput, Pin, PinnedOutput, read_lock
    from .errors import LockError
    from .lock_changes import Changes, changes
    from .project import Project, project_at
    from .updating import Written, add, update
    from .verify import OutputDiffers

_ORIGINS = {
    ".project": "Project project_at",
    ".checking": "Checked Report check",
    ".updating": "Written add update",
    ".lock_changes": "Changes changes",
    ".document": "Lock LockedInput Pin PinnedOutput read_lock",
    ".errors": "LockError",
    ".verify": "OutputDiffers",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "Changes",
    "Checked",
    "Lock",
    "LockError",
    "LockedInput",
    "OutputDiffers",
    "Pin",
    "PinnedOutput",
    "Project",
    "Report",
    "Written",
    "add",
    "changes",
    "check",
    "project_at",
    "read_lock",
    "update",
]
