"""Make `chx` mean this checkout, whatever its folder is called and whatever is installed."""

import functools
import importlib.util
import os
import signal
import sys

import pytest

_ROOT = os.path.dirname(os.path.abspath(__file__))


def _use_checkout() -> None:
    spec = importlib.util.spec_from_file_location(
        "chx", os.path.join(_ROOT, "__init__.py"), submodule_search_locations=[_ROOT]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chx"] = module
    spec.loader.exec_module(module)


_use_checkout()


# In the background of a script a shell ignores these, and so would every process that a test starts in order to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)


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


@functools.cache
def _uses_shared_store(file: str) -> bool:
    with open(os.path.join(_ROOT, file), encoding="utf-8") as opened:
        return "shared_" in opened.read()
