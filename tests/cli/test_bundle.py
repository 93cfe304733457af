"""The file that holds all modules is only ever a shortcut."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = (
    "import sys; sys.argv = ['chx', 'eval', '-E', '1 + 1'];"
    "from chx.cli import main; status = main(); import chx.ops.session as s;"
    "print(type(s.__loader__).__name__, s.__file__, status)"
)


@pytest.fixture
def probe(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run an evaluation in a fresh process; what loaded its modules."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "chx").symlink_to(ROOT)

    def run() -> list[str]:
        environment = {
            **os.environ,
            "CHX_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(site),
            "PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        value, told = done.stdout.splitlines()
        assert value == "2"
        return told.split()

    return run


def bundle(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "home" / "cache" / "start").iterdir()
    return file


def test_the_second_command_loads_modules_from_the_bundle(probe, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    probe()
    loader, file, status = probe()
    assert (loader, file, status) == ("Bundle", str(tmp_path / "site" / "chx" / "ops" / "session.py"), "0")


def test_a_complete_bundle_is_not_written_again(probe, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    probe()
    probe()
    before = bundle(tmp_path).stat().st_ino
    probe()
    assert bundle(tmp_path).stat().st_ino == before


@pytest.mark.parametrize("at", [0, 9, 40, -5, None])
def test_a_damaged_bundle_is_ignored_and_made_again(probe, tmp_path: Path, at: int | None) -> None:  # type: ignore[no-untyped-def]
    probe()
    file = bundle(tmp_path)
    data = bytearray(file.read_bytes())
    if at is None:
        data = data[: len(data) // 2]
    else:
        data[at] ^= 0xFF
    file.write_bytes(data)
    probe()
    assert probe()[0] == "Bundle"


def test_a_module_that_changed_is_compiled_again(probe, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import shutil

    link = tmp_path / "site" / "chx"
    link.unlink()
    shutil.copytree(ROOT, link, ignore=shutil.ignore_patterns(".*", "tests", "bench", "docs", "build", "*.egg-info"))
    probe()
    assert probe()[0] == "Bundle"
    module = link / "ops" / "session.py"
    module.write_text(module.read_text() + "\n# changed\n")
    assert probe()[0] != "Bundle"
    assert probe()[0] == "Bundle"


def test_machine_code_is_found_through_the_bundle(tmp_path: Path) -> None:
    import _bisect
    import importlib.machinery

    from chx.cli.startup.bundle import Bundle, _stamp

    source = getattr(_bisect, "__file__", None)
    if source is None:
        pytest.skip("this Python has no such file")
    found = Bundle(str(tmp_path / "bundle"))
    found.entries = {"_bisect": (source, None, _stamp(source), 0, 0, b"")}
    found.code = lambda name: b""  # type: ignore[method-assign]
    spec = found.find_spec("_bisect")
    assert isinstance(spec, importlib.machinery.ModuleSpec)
    module = found.create_module(spec)
    found.exec_module(module)
    assert module.bisect_right([1, 2, 3], 2) == 2
    found.entries = {"_bisect": (source, None, b"another", 0, 0, b"")}
    assert found.find_spec("_bisect") is None
