"""What holds for all tests."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from . import peer as peers
from . import runtime

# What is slow is measured in bench/; a test that fails on a busy machine tells nothing.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

_RUNTIME = os.environ.get(runtime.VARIABLE) or None
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_PROBLEM = ""
_FOUND = pytest.StashKey[str]()
try:
    # Before the conftest of a folder imports what it tests. Workers find what was made for them.
    if not _IS_WORKER:
        runtime.prepare(_RUNTIME)
except runtime.WrongRuntime as error:
    _PROBLEM = str(error)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What tests marked `peer` compare with can be asked for anew."""
    parser.addoption(peers.OPTION, action="store_true", help="ask Nix, and record what it answers: see tests/peer.py")


def pytest_configure(config: pytest.Config) -> None:
    """Fail if the runtime is not the one that was asked for."""
    if _PROBLEM:
        raise pytest.UsageError(_PROBLEM)
    try:
        config.stash[_FOUND] = runtime.check(_RUNTIME, programs=not _IS_WORKER)
    except runtime.WrongRuntime as error:
        raise pytest.UsageError(str(error)) from None
    if config.getoption(peers.OPTION) and peers.command() is None:
        raise pytest.UsageError(f"{peers.OPTION} needs {peers.NEEDED}")


def pytest_report_header(config: pytest.Config) -> str:
    """Tell the runtime, and who answers for Nix."""
    return f"runtime: {config.stash[_FOUND]}, Nix: {peers.command() or 'recorded'}"


@pytest.fixture(scope="module")
def peer(request: pytest.FixtureRequest) -> Iterator[peers.Peer]:
    """Nix as it answers the questions of a file of tests."""
    name = request.path.stem.removeprefix("test_")
    config = request.config
    file = request.path.parent / "answers" / f"{name}.json"
    asked = peers.Peer(file, peers.command(), renews=config.getoption(peers.OPTION))
    yield asked
    asked.finish(is_whole=not config.option.keyword and not any("::" in argument for argument in config.args))


_CLI = Path(__file__).parent / "cli"
_TIMES = {"long": 6000, "slow": 900, "emulator": 100, "network": 200, "sandbox": 10}
"""What a marker says of the time that a test takes, in tenths of seconds: workers must come to the same order."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes many minutes, unless `-m` speaks of it; give workers the slow files first."""
    if "long" not in config.option.markexpr:
        long = {item for item in items if item.get_closest_marker("long")}
        if long:
            config.hook.pytest_deselected(items=list(long))
            items[:] = [item for item in items if item not in long]
    if hasattr(config, "workerinput"):
        weights: dict[Path, int] = {}
        for item in items:
            weights[item.path] = weights.get(item.path, 0) + _weight(item)
        # A file that comes last and takes minutes keeps one worker busy while the others have nothing to do.
        items.sort(key=lambda item: -weights[item.path])


def _weight(item: pytest.Item) -> int:
    """About how long a test takes, in tenths of seconds, on no machine in particular."""
    names = {mark.name for mark in item.iter_markers()}
    return sum(_TIMES.get(name, 0) for name in names) + (7 if item.path.is_relative_to(_CLI) else 1)


_ROOT = Path(__file__).parents[1]
_MEMORY_OF_WORKER = 3 << 30
"""Bytes of the machine's memory that there have to be for each worker: a bootstrap compiles on all cores."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker per core, for more than one file; none if somebody wants to look on. What `-n` says otherwise counts."""
    files = {argument.partition("::")[0] for argument in config.args}
    if config.option.collectonly or config.option.capture == "no" or (len(files) == 1 and files.pop().endswith(".py")):
        return 0
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    workers = min(len(os.sched_getaffinity(0)), memory // _MEMORY_OF_WORKER)
    return workers if workers > 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give a file to one worker, and to the same one all files whose tests change the store that they share."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "the shared store" if _uses_shared_store(file) else file

    return Scheduling(config, log)


_BUILDS_ALONE: Final = ("tests/cli/test_machines.py",)
"""Files whose tests use the shared store and look at nothing in it but what they build, which chx locks."""


@functools.cache
def _uses_shared_store(file: str) -> bool:
    return file not in _BUILDS_ALONE and "shared_" in (_ROOT / file).read_text()


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests that fetch, in whichever worker, so that each file travels once: `chx` locks what it makes.

    `CHX_TEST_HOME` names one to be used again by the next run, which then has nothing to fetch and little to build.
    """
    kept = os.environ.get("CHX_TEST_HOME")
    if kept:
        return Path(kept)
    base = tmp_path_factory.getbasetemp()
    # A worker has a folder of its own in that of the run.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    return shared / "home"
