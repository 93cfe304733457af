"""The id of the current boot of the system."""

from __future__ import annotations

import posix

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def current_boot() -> str:
    """Return the kernel's random id of this boot; empty if it cannot be read."""
    try:
        descriptor = posix.open(_BOOT_ID, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return posix.read(descriptor, 64).decode("ascii", "replace").strip()
    finally:
        posix.close(descriptor)
