"""Make `chx` mean this checkout, whatever its folder is called and whatever is installed."""

import importlib.util
import os
import signal
import sys

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
