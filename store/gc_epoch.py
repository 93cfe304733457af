"""The garbage collection epoch: a number that changes before objects are removed.

The file `db/epoch` holds it in decimal, so that a no-op command can compare it
without opening the database.
"""

from __future__ import annotations

import os
from time import time_ns


def read(home: str) -> int:
    """Return the epoch of the store in `home`; 0 if the file is missing, or empty after a power cut."""
    try:
        with open(home + "/db/epoch", "rb") as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        return 0


def advance(home: str) -> int:
    """Change the epoch and return it; call it *before* anything is removed. It is a time, so that no epoch recurs."""
    new = max(read(home) + 1, time_ns())
    draft = f"{home}/db/epoch.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(b"%d" % new)
    os.rename(draft, home + "/db/epoch")
    return new
