"""Doing nothing, fast.

A build that found everything built already would evaluate, plan and look into
the store only to print what it printed last time. So each successful `chx build`
leaves a *record*: all that its answer depended on (the words of the command, the
variables and folders that matter, every file, folder and missing file that was
looked at, chx itself), and the answer. `replay` compares by `lstat` alone and
imports nothing that is not built in: not even `os`, which takes a tenth of the time.

A record is only ever a shortcut: whatever does not match, or cannot be read,
means that the command runs in full.
"""

import marshal
import posix
import sys
from time import time

from ...ops.signatures import Signature, home, home_variables, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 2
MAX_RECORDS = 400
_DAY = 86400


def _key(words: list[str]) -> tuple[object, ...]:
    try:
        folder = posix.getcwd()
    except OSError:
        folder = ""
    return (FORMAT, sys.version, folder, tuple(words), home_variables())


def _record_path(key: tuple[object, ...]) -> str:
    # The record holds its whole key, so a remainder is hash enough; the modules
    # with real ones take longer to load than all of this takes to run.
    number = int.from_bytes(repr(key).encode("utf-8", "surrogateescape"), "little") % ((1 << 61) - 1)
    return f"{home()}/cache/noop/{number:016x}"


def replay(words: list[str]) -> int | None:
    """Repeat the answer of the last equal command; None if it must run in full."""
    key = _key(words)
    try:
        with open(_record_path(key), "rb") as file:
            recorded, seen, objects, links, output = marshal.loads(file.read())
            written = posix.fstat(file.fileno()).st_mtime
        if recorded != key:
            return None
        for path, expected in seen:
            if signature(path) != expected:
                return None
        for path in objects:
            posix.lstat(path)
        for link, target in links:
            if posix.readlink(link) != target:
                return None
        if time() - written > _DAY:
            # For `uses`: that is all that a collection can know of what was asked for without asking the store.
            posix.utime(_record_path(key))
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if not output.isascii() or not output.replace("\n", "").isprintable():
        # A home of an unusual name; else there is nothing that a terminal obeys, and a module need not be loaded.
        from ..output import finish, put

        put(output)
        finish()
        return 0
    try:
        sys.stdout.write(output)
        sys.stdout.flush()
    except OSError as error:
        from ..output import OutputFailed

        raise OutputFailed(error) from error
    return 0


def store_result(
    words: list[str], seen: dict[str, Signature], objects: list[str], links: list[tuple[str, str]], output: str
) -> None:
    """Leave a record of a build that succeeded.

    `seen` maps every path that was looked at to its signature *before* it was
    read; `objects` are the physical paths the answer speaks of; `links` the
    result links with their targets. Not being able to write is no error.
    """
    import os

    key = _key(words)
    seen = {**seen, **_own_code()}
    path = _record_path(key)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            record: Any = (key, list(seen.items()), objects, links, output)
            file.write(marshal.dumps(record))
        os.replace(temporary, path)
        _prune(os.path.dirname(path))
    except (OSError, ValueError):
        return


def forget(home: str, gone: set[str]) -> int:
    """Drop the records that speak of an object with one of these base names; how many. To be done before these go."""
    import os

    folder = f"{home}/cache/noop"
    dropped = 0
    try:
        names = os.listdir(folder) if gone else []
    except FileNotFoundError:
        return 0
    for name in names:
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                _, _, objects, _, _ = marshal.loads(file.read())
            if gone.isdisjoint(place.rpartition("/")[2] for place in objects):
                continue
        except (ValueError, EOFError, TypeError):
            pass  # what cannot be read answers nothing
        except OSError:
            continue
        os.unlink(path)
        dropped += 1
    return dropped


def uses(home: str) -> dict[str, float]:
    """The base names of the objects that records speak of, and when one of these was last used, to the day."""
    import os

    folder = f"{home}/cache/noop"
    found: dict[str, float] = {}
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found
    for name in names:
        try:
            with open(f"{folder}/{name}", "rb") as file:
                _, _, objects, _, _ = marshal.loads(file.read())
                when = os.fstat(file.fileno()).st_mtime
        except (OSError, ValueError, EOFError, TypeError):
            continue
        for place in objects:
            base = place.rpartition("/")[2]
            found[base] = max(when, found.get(base, 0.0))
    return found


def forget_idle(home: str, seconds: float) -> tuple[int, int]:
    """Remove what lies in `cache/` and was neither read nor written for so long; how many files, and their bytes."""
    import os
    from time import time

    oldest = time() - seconds
    dropped = freed = 0
    for folder, _, names in os.walk(f"{home}/cache"):
        for name in names:
            path = os.path.join(folder, name)
            try:
                status = os.lstat(path)
                if max(status.st_atime, status.st_mtime) < oldest:
                    os.unlink(path)
                    dropped += 1
                    freed += status.st_blocks * 512
            except OSError:
                continue
    return dropped, freed


def _prune(folder: str) -> None:
    """Keep the younger half of the records when there are too many: each new expression leaves one."""
    import os

    records = [os.path.join(folder, name) for name in os.listdir(folder)]
    if len(records) > MAX_RECORDS:
        records.sort(key=lambda record: os.lstat(record).st_mtime_ns)
        for record in records[: len(records) // 2]:
            os.unlink(record)


def _own_code() -> dict[str, Signature]:
    """The modules of chx that took part, so that a changed chx answers anew."""
    found = {}
    for name, module in list(sys.modules.items()):
        if name == "chx" or name.startswith("chx."):
            path = getattr(module, "__file__", None)
            if path:
                found[path] = signature(path)
    return found
