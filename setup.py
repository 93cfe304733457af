"""What pyproject.toml cannot say: every data file goes into the wheel, with the parser's table made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

if sys.implementation.name != "cpython":
    sys.exit(f"chx needs CPython 3.11 or newer, and {sys.executable} is {sys.implementation.name}")

ROOT = os.path.dirname(os.path.abspath(__file__))
ROOMS = ("lang", "evaluator", "store", "apk", "oci", "disk", "builder", "remote", "arch", "ops", "cli")
DATA_FOLDERS = ("pkgs", "arch", "templates", "docs/tutorial", "docs/howto", "docs/concepts", "docs/reference")


def packages() -> list[str]:
    """`chx` and every folder of a room that is a package."""
    found = ["chx"]
    for room in ROOMS:
        for base, _, files in os.walk(os.path.join(ROOT, room)):
            if "__init__.py" in files:
                found.append("chx." + os.path.relpath(base, ROOT).replace(os.sep, "."))
    return sorted(found)


NO_MODULES = ("setup", "conftest")
"""Files beside the package's modules that do not belong to it."""


class BuildWithData(build_py):
    """Copies the Nix files and makes the parser's table, so that lark is not needed at run time."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Leave out what is no module of the package."""
        found: list[tuple[str, str, str]] = super().find_package_modules(package, package_dir)
        return [entry for entry in found if package != "chx" or entry[1] not in NO_MODULES]

    def run(self) -> None:
        target = os.path.join(self.build_lib, "chx")
        # What an earlier build left here would go into the wheel, though its source is gone.
        shutil.rmtree(target, ignore_errors=True)
        super().run()
        for folder in DATA_FOLDERS:
            for base, folders, files in os.walk(os.path.join(ROOT, folder)):
                folders[:] = [name for name in folders if name != "__pycache__"]
                place = os.path.join(target, os.path.relpath(base, ROOT))
                self.mkpath(place)
                for name in files:
                    self.copy_file(os.path.join(base, name), os.path.join(place, name))
        program = (
            "import importlib.util, sys; "
            "spec = importlib.util.spec_from_file_location('chx', sys.argv[1] + '/__init__.py', "
            "submodule_search_locations=[sys.argv[1]]); "
            "module = importlib.util.module_from_spec(spec); sys.modules['chx'] = module; "
            "spec.loader.exec_module(module); "
            "from chx.lang.parse_table import write; write(sys.argv[2])"
        )
        subprocess.run([sys.executable, "-c", program, ROOT, os.path.join(target, "lang", "table.bin")], check=True)


def extensions() -> list[Extension]:
    """The compiled runtime of the evaluator. It is left out where it cannot be compiled; all works without it.

    A Python without the global lock would switch it on for this module, so that it is left out there.
    """
    if (
        sys.implementation.name != "cpython"
        or sysconfig.get_config_var("Py_GIL_DISABLED")
        or not sys.platform.startswith("linux")
    ):
        return []
    folder = "runtime"
    parts = [
        f"{folder}/{name}" for name in sorted(os.listdir(os.path.join(ROOT, folder))) if name.endswith((".c", ".h"))
    ]
    return [
        Extension(
            "chx._runtime",
            [f"{folder}/module.c"],
            depends=parts,
            # Python's own flags ask for debugging information, which is nine tenths of the file.
            extra_compile_args=["-g0"],
            optional=True,
        )
    ]


def man_pages() -> list[tuple[str, list[str]]]:
    """The man pages, and where they are installed."""
    folder = os.path.join(ROOT, "man")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [("share/man/man1", [f"man/{name}" for name in names if name.endswith(".1")])] if names else []


setup(packages=packages(), data_files=man_pages(), ext_modules=extensions(), cmdclass={"build_py": BuildWithData})
