"""Lock files: inputs and outputs pinned by content (docs/lock.md)."""

from __future__ import annotations

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


_HOMES = {name: home for home, names in _ORIGINS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home, __name__), name)
    return value


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
