"""The epoch: a number that changes whenever objects may have been removed.

It lies in the file `db/epoch` as decimal digits, so that a command that has nothing
to do can compare it without opening the database.
"""

from __future__ import annotations

import os
from time import time_ns


def read(home: str) -> int:
    """The epoch of the store in `home`; 0 if there is none, or if a power cut has left an empty file."""
    try:
        with open(home + "/db/epoch", "rb") as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        return 0


def advance(home: str) -> int:
    """Change the epoch; to be done *before* anything is removed. Times, so that no epoch comes twice."""
    new = max(read(home) + 1, time_ns())
    draft = f"{home}/db/epoch.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(b"%d" % new)
    os.rename(draft, home + "/db/epoch")
    return new
