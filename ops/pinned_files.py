"""What locks of seeds know of the files that they pin, by hash, so that derivations need not state it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..store.derivation import FixedOutput

ARCHIVES = "archives.json"
"""In the bundled set: the time at which Debian's archive had the files of its packages, as in `date` of a lock."""


def pinned_size(fixed: FixedOutput) -> int | None:
    """Return the size in bytes of a fixed output that a bundled or captured seed pins; None for any other."""
    if fixed.mode != "flat" or fixed.algorithm != "sha256":
        return None
    return _pins()[0].get(fixed.digest.hex())


def archive_time(fixed: FixedOutput) -> str | None:
    """Return a time (as 20261125T192147Z) at which Debian's archive had a fixed output, if it is one of its files.

    It is that of the seed which pins it, else that of the bundled package set.
    """
    _, times, default = _pins()
    return times.get(fixed.digest.hex(), default)


@cache
def _pins() -> tuple[dict[str, int], dict[str, str], str | None]:
    """Sizes and times by hash, and the time of the bundled set."""
    from .paths import PKGS

    sizes: dict[str, int] = {}
    times: dict[str, str] = {}
    for lock in _locks():
        try:
            files = {item["sha256"]: int(item["size"]) for item in lock["files"]}
        except (ValueError, KeyError, TypeError):
            continue  # commands that use the seed report the damage
        sizes |= files
        if isinstance(lock.get("date"), str):
            times |= dict.fromkeys(files, lock["date"])
    default = _read(f"{PKGS}/{ARCHIVES}").get("debian")
    return sizes, times, default if isinstance(default, str) else None


def _locks() -> Iterator[dict[str, Any]]:
    import os

    from ..signatures import home
    from .paths import PKGS

    for folder in (f"{PKGS}/seeds", f"{home()}/seeds"):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if name.endswith(".lock.json"):
                yield _read(os.path.join(folder, name))


def _read(place: str) -> dict[str, Any]:
    from ..store.foreign import parse_json

    try:
        with open(place, "rb") as file:
            found = parse_json(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
