"""Which runtime the tests run with: that of Python alone, or the compiled one that `pip install` makes.

`CHX_TEST_RUNTIME=compiled` compiles `_runtime` into the checkout for as long as the tests take, where the programs
that tests start find it, too. `CHX_TEST_RUNTIME=pure` refuses to run beside one. Without the variable the tests take
what is there. The first line of a run names the runtime.
"""

from __future__ import annotations

import atexit
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "runtime"
EXTENSION: Final = f"_runtime{sysconfig.get_config_var('EXT_SUFFIX')}"
PLACE: Final = ROOT / EXTENSION
VARIABLE: Final = "CHX_TEST_RUNTIME"
IS_KNOWN: Final = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
"""Whether the compiled runtime knows this Python."""

_OF_SETUPTOOLS: Final = ("CFLAGS", "CCSHARED")
_PROBE: Final = (
    "import runpy, sys; runpy.run_path(sys.argv[1])['_from_checkout'](); from chx import native; "
    "print('compiled' if native.is_compiled else 'pure')"
)
"""Imports as `python CHECKOUT` does."""


class WrongRuntime(Exception):
    """The runtime that was asked for is not the one that would be tested."""


def compiler() -> list[str] | None:
    """The C compiler that Python was made with, if it is here and Python's headers, too."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    found = subprocess.run(["sh", "-c", 'command -v "$0"', command[0]], capture_output=True).returncode == 0
    return command if found and headers.exists() else None


def flags_of_setuptools() -> list[str]:
    """How `pip install` compiles."""
    return [word for name in _OF_SETUPTOOLS for word in shlex.split(sysconfig.get_config_var(name) or "")]


def compile_runtime(target: Path, flags: list[str]) -> None:
    """Compile the runtime. Raises `WrongRuntime` if there is no compiler, or if it fails."""
    command = compiler()
    if command is None or not IS_KNOWN:
        raise WrongRuntime("the compiled runtime needs CPython with the global lock, its headers, and a C compiler")
    new = target.with_name(f"{target.name}.{os.getpid()}")
    include = f"-I{sysconfig.get_paths()['include']}"
    run = subprocess.run(
        [*command, *flags, "-shared", "-fPIC", include, str(SOURCES / "module.c"), "-o", str(new)],
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        new.unlink(missing_ok=True)
        raise WrongRuntime(f"the runtime cannot be compiled:\n{run.stderr}")
    new.rename(target)


def _is_older_than_sources() -> bool:
    made = PLACE.stat().st_mtime_ns
    return any(file.stat().st_mtime_ns > made for file in SOURCES.iterdir())


def _remove(maker: int) -> None:
    """Leave the checkout as it was. A process that a test forked may end like its parent."""
    if os.getpid() == maker:
        PLACE.unlink(missing_ok=True)


def prepare(mode: str | None) -> None:
    """Make the runtime of this run ready, before anything imports `chx`.

    Raises `WrongRuntime` if the mode is unknown or cannot be had.
    """
    if os.environ.get("CHX_PURE_PYTHON"):
        # Programs that tests start have an environment of their own, without it.
        raise WrongRuntime(f"CHX_PURE_PYTHON does not reach all that is tested: {VARIABLE}=pure does")
    if mode not in (None, "compiled", "pure"):
        raise WrongRuntime(f"{VARIABLE} is `compiled` or `pure`, not {mode!r}")
    is_there = PLACE.exists()
    if mode == "pure" and is_there:
        raise WrongRuntime(f"{PLACE} is there: remove it, or test it by {VARIABLE}=compiled")
    is_old = is_there and _is_older_than_sources()
    if mode is None and is_old:
        raise WrongRuntime(f"{PLACE} is older than its sources: remove it, or make it again by {VARIABLE}=compiled")
    if mode == "compiled" and (is_old or not is_there):
        if not is_there:
            atexit.register(_remove, os.getpid())
        compile_runtime(PLACE, flags_of_setuptools())


def _loaded() -> str:
    """The runtime of this process: `compiled` or `pure`."""
    from chx import native

    return "compiled" if native.is_compiled else "pure"


def _loaded_by_program() -> str:
    """The runtime of `chx` as tests start it, with as good as nothing in its environment."""
    run = subprocess.run(
        [sys.executable, "-c", _PROBE, str(ROOT / "__main__.py")],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise WrongRuntime(f"a program does not tell its runtime:\n{run.stderr}")
    return run.stdout.strip()


def check(mode: str | None, *, programs: bool) -> str:
    """The runtime that is tested. Raises `WrongRuntime` if it is not that of `mode`, or `programs` have another."""
    found = _loaded()
    if mode not in (None, found):
        raise WrongRuntime(f"{VARIABLE}={mode}, but the tests would run with the {found} runtime")
    if programs and (other := _loaded_by_program()) != found:
        raise WrongRuntime(f"the tests run with the {found} runtime, and the programs they start with the {other} one")
    return found
