"""Run chx as `python -m chx`, or straight from a checkout of any name as `python CHECKOUT`."""

import sys


def _from_checkout() -> None:
    """Make the folder that holds this file importable as the package `chx`.

    Needed when Python was given the folder itself: then `sys.path[0]` is the
    folder, whose subfolders would shadow other people's top-level names.
    """
    import importlib.util
    import os

    root = os.path.dirname(os.path.abspath(__file__))
    sys.path.remove(sys.path[0])
    spec = importlib.util.spec_from_file_location(
        "chx", os.path.join(root, "__init__.py"), submodule_search_locations=[root]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chx"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    if not __package__:
        try:
            _from_checkout()
        except ImportError as error:
            sys.exit("error: " + str(error))
    from chx.cli import main

    sys.exit(main())
