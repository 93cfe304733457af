"""Which boot of the system this is."""

from __future__ import annotations

import posix

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def current_boot() -> str:
    """What tells this boot of the system from others; empty if the system does not say."""
    try:
        descriptor = posix.open(_BOOT_ID, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return posix.read(descriptor, 64).decode("ascii", "replace").strip()
    finally:
        posix.close(descriptor)
