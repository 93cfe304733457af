"""`chx diff --deep`: run diffoscope, if it is installed, on two objects."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

from ..ops.diff.subject import PackageSubject
from ..ops.errors import RequestError
from .output import colours, finish, put, show, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..ops.diff.subject import Subject
    from ..store import Store


MOST_LINES: Final = 400
"""Lines of a report that are shown for each pair of outputs."""
MOST_BYTES: Final = 1000
"""Bytes of a line that are shown."""


class Beginning:
    """The first lines of a text that comes in pieces, long lines cut. `is_cut`: lines are left out."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.is_cut = False

    def __iter__(self) -> Iterator[bytes]:
        lines, width = 0, 0
        for piece in self._pieces:
            if lines == MOST_LINES:
                self.is_cut = True
                return
            shown = bytearray()
            for line in piece.splitlines(keepends=True):
                if lines == MOST_LINES:
                    self.is_cut = True
                    break
                text = line.rstrip(b"\r\n")
                room = MOST_BYTES - width
                if room > 0:
                    shown += text[:room]
                    if len(text) > room:
                        shown += b" ...\x1b[0m" if b"\x1b" in text else b" ..."
                width += len(text)
                if line.endswith(b"\n"):
                    shown += b"\n"
                    lines, width = lines + 1, 0
            yield bytes(shown)
            if self.is_cut:
                return


def find_diffoscope() -> str:
    """Return the command of diffoscope. Raises `RequestError` if it is not installed."""
    found = shutil.which("diffoscope")
    if found is None:
        raise RequestError(
            "--deep needs the program diffoscope, and it is not on PATH",
            hint="install it (Debian: apt install diffoscope-minimal), or leave --deep out",
        )
    return found


def compare_deeply(store: Store, program: str, before: Subject, after: Subject, is_full: bool = False) -> None:
    """Print the report of diffoscope for every pair of outputs that differ; without `is_full`, its beginning.

    Raises `RequestError`.
    """
    import subprocess
    import tempfile

    if not isinstance(before, PackageSubject) or not isinstance(after, PackageSubject):
        raise RequestError("--deep compares two packages or objects")
    names = [name for name in before.outputs if name in after.outputs]
    if not names and len(before.outputs) == len(after.outputs) == 1:
        pairs = [(next(iter(before.outputs.values())), next(iter(after.outputs.values())))]
    else:
        pairs = [(before.outputs[name], after.outputs[name]) for name in names]
    for one, other in pairs:
        if one != other:
            put(f"\ndiffoscope {one} {other}\n")
            finish()
            words = [program, "--no-progress", *(["--text-color=always"] if colours(sys.stdout) else [])]
            with tempfile.TemporaryFile() as errors:
                running = subprocess.Popen(
                    [*words, store.physical(one), store.physical(other)], stdout=subprocess.PIPE, stderr=errors
                )
                assert running.stdout is not None
                pieces: Iterator[bytes] = iter(lambda source=running.stdout: source.read1(1 << 16), b"")  # type: ignore[misc]
                beginning = Beginning(pieces)
                show(pieces if is_full else beginning)
                if beginning.is_cut:
                    running.terminate()
                    running.wait()
                    put(f"\n({MOST_LINES} lines of diffoscope's report; all of it: --full)\n")
                    continue
                status = running.wait()
                errors.seek(0)
                tell(errors.read().decode("utf-8", "surrogateescape"))
            if status not in (0, 1):
                raise RequestError(f"diffoscope failed with exit status {status}")
