"""Cache of command results, so that a repeated `chx build` answers without evaluating.

Each successful `chx build` writes a *record*: its output, and all that the output
depended on (the command line, variables, the working directory, every file, directory
and missing file that it looked at, chx itself). `replay` compares by `lstat` alone
and imports only built-in modules: even `os` takes a tenth of the time.

If a record does not match, or cannot be read, the command runs in full.
"""

import marshal
import posix
import sys
from time import time

from ...signatures import Signature, home, home_variables, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 2
MAX_RECORDS = 400
_DAY = 86400


def _key(words: list[str]) -> tuple[object, ...]:
    try:
        directory = posix.getcwd()
    except OSError:
        directory = ""
    return (FORMAT, sys.version, directory, tuple(words), home_variables(), posix.environ.get(b"NIX_ABORT_ON_WARN"))


def _record_path(key: tuple[object, ...]) -> str:
    # The record contains its whole key, so a remainder suffices as hash; loading a
    # module with a real hash takes longer than this whole function.
    number = int.from_bytes(repr(key).encode("utf-8", "surrogateescape"), "little") % ((1 << 61) - 1)
    return f"{home()}/cache/noop/{number:016x}"


def replay(words: list[str]) -> int | None:
    """Print the output of the last equal command and return its status; None if it must run in full."""
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
            # For `uses`: the only trace of a use that opened no store.
            posix.utime(_record_path(key))
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if not output.isascii() or not output.replace("\n", "").isprintable():
        # Only an unusual home can contain control characters; otherwise the module need not be loaded.
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
    """Write a record of a successful build.

    `seen` maps every path that was looked at to its signature *before* it was
    read; `objects` are the physical paths in the output; `links` the result
    links with their targets. A failed write is no error.
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
    """Remove the records that name an object by its base name; return their number. Call it before removing objects."""
    import os

    directory = f"{home}/cache/noop"
    dropped = 0
    try:
        names = os.listdir(directory) if gone else []
    except FileNotFoundError:
        return 0
    for name in names:
        path = os.path.join(directory, name)
        try:
            with open(path, "rb") as file:
                _, _, objects, _, _ = marshal.loads(file.read())
            if gone.isdisjoint(place.rpartition("/")[2] for place in objects):
                continue
        except (ValueError, EOFError, TypeError):
            pass  # an unreadable record is not replayed
        except OSError:
            continue
        os.unlink(path)
        dropped += 1
    return dropped


def uses(home: str) -> dict[str, float]:
    """Return the base names of the objects in records, with their last use to the day."""
    import os

    directory = f"{home}/cache/noop"
    found: dict[str, float] = {}
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return found
    for name in names:
        try:
            with open(f"{directory}/{name}", "rb") as file:
                _, _, objects, _, _ = marshal.loads(file.read())
                when = os.fstat(file.fileno()).st_mtime
        except (OSError, ValueError, EOFError, TypeError):
            continue
        for place in objects:
            base = place.rpartition("/")[2]
            found[base] = max(when, found.get(base, 0.0))
    return found


def forget_idle(home: str, seconds: float) -> tuple[int, int]:
    """Remove files in `cache/` that were not used for a number of seconds; return their number and bytes."""
    import os
    from time import time

    oldest = time() - seconds
    dropped = freed = 0
    for directory, _, names in os.walk(f"{home}/cache"):
        for name in names:
            path = os.path.join(directory, name)
            try:
                status = os.lstat(path)
                if max(status.st_atime, status.st_mtime) < oldest:
                    os.unlink(path)
                    dropped += 1
                    freed += status.st_blocks * 512
            except OSError:
                continue
    return dropped, freed


def _prune(directory: str) -> None:
    """Remove the older half of the records if there are too many."""
    import os

    records = [os.path.join(directory, name) for name in os.listdir(directory)]
    if len(records) > MAX_RECORDS:
        records.sort(key=lambda record: os.lstat(record).st_mtime_ns)
        for record in records[: len(records) // 2]:
            os.unlink(record)


def _own_code() -> dict[str, Signature]:
    """Return the loaded modules of chx, so that a changed chx invalidates records."""
    found = {}
    for name, module in list(sys.modules.items()):
        if name == "chx" or name.startswith("chx."):
            path = getattr(module, "__file__", None)
            if path:
                found[path] = signature(path)
    return found
