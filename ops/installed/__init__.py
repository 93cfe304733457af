"""The root that packages are installed into: files with modes and owners, accounts, services (docs/images.md).

Every maker of an image starts from an `InstalledRoot`.
"""

from __future__ import annotations

from ... import window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...builder.installing.assembling import assemble
    from ...builder.installing.errors import (
        AccountConflict,
        FilesConflict,
        InstallationError,
        MachinesDiffer,
        WrongAttribute,
    )
    from ...builder.installing.values import (
        Accounts,
        Declared,
        Group,
        InstalledEntry,
        InstalledKind,
        InstalledRoot,
        Package,
        User,
    )
    from .collecting import built_packages, install_root

_ORIGINS = {
    "...builder.installing.assembling": "assemble",
    ".collecting": "built_packages install_root",
    "...builder.installing.errors": "AccountConflict FilesConflict InstallationError MachinesDiffer WrongAttribute",
    "...builder.installing.values": "Accounts Declared Group InstalledEntry InstalledKind InstalledRoot Package User",
}

__getattr__ = window(__name__, _ORIGINS)

__all__ = [
    "AccountConflict",
    "Accounts",
    "Declared",
    "FilesConflict",
    "Group",
    "InstallationError",
    "InstalledEntry",
    "InstalledKind",
    "InstalledRoot",
    "MachinesDiffer",
    "Package",
    "User",
    "WrongAttribute",
    "assemble",
    "built_packages",
    "install_root",
]
