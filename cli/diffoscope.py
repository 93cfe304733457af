"""`chx diff --deep`: run diffoscope, if it is installed, on two objects."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from ..ops.diff.subject import PackageSubject
from ..ops.errors import RequestError
from .output import colours, finish, put, show, tell

if TYPE_CHECKING:
    from ..ops.diff.subject import Subject
    from ..store import Store


def find_diffoscope() -> str:
    """Return the command of diffoscope. Raises `RequestError` if it is not installed."""
    found = shutil.which("diffoscope")
    if found is None:
        raise RequestError(
            "--deep needs the program diffoscope, and it is not on PATH",
            hint="install it (Debian: apt install diffoscope-minimal), or leave --deep out",
        )
    return found


def compare_deeply(store: Store, program: str, before: Subject, after: Subject) -> None:
    """Print the report of diffoscope for every pair of outputs that differ. Raises `RequestError`."""
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
                show(iter(lambda source=running.stdout: source.read1(1 << 16), b""))  # type: ignore[misc]
                status = running.wait()
                errors.seek(0)
                tell(errors.read().decode("utf-8", "surrogateescape"))
            if status not in (0, 1):
                raise RequestError(f"diffoscope failed with exit status {status}")
