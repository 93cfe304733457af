"""`chx --version`, and the bubblewrap that chx makes for itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from chx import native

from .conftest import ROOT, Run


def test_the_version_tells_what_takes_part_and_where(chx: Run, tmp_path: Path) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho bubblewrap 0.8.0\n")
    old.chmod(0o755)
    lines = chx("--version", CHX_BWRAP=str(old)).stdout.splitlines()
    assert re.fullmatch(rf"chx \d+\.\d+\.\d+ \({re.escape(str(ROOT))}\)", lines[0])
    runtime = "compiled" if native.is_compiled else "pure Python"
    assert lines[1] == f"python {'.'.join(map(str, sys.version_info[:3]))} ({sys.executable}), {runtime} runtime"
    assert lines[2] == f"bubblewrap 0.8.0 ({old})" and "older than 0.12" in lines[3]
    old.write_text("#!/bin/sh\necho bubblewrap 0.13.0\n")
    assert chx("--version", CHX_BWRAP=str(old)).stdout.splitlines()[2:] == [f"bubblewrap 0.13.0 ({old})"]
    assert chx("--version", CHX_BWRAP="/nonexistent").stdout.splitlines()[2].startswith("bubblewrap: none; install")
    # Asking makes no store.
    assert not (tmp_path / "home/db").exists()


def test_nobody_elses_bubblewrap_is_taken(chx: Run, work: Path, tmp_path: Path) -> None:
    """Whatever it is called: sandboxes rest on it."""
    (work / "default.nix").write_text(
        '{ bubblewrap = derivation { name = "bubblewrap-9.9"; system = "builtin"; builder = "builtin:tree"; entries ='
        ' builtins.toJSON [ { path = "usr/bin/bwrap"; kind = "executable"; content = "#!/bin/sh\\necho bubblewrap 9.9\\n"; } ]; }; }'
    )
    for words in (("-f", "."), ("-E", "import ./.")):
        run = chx("build", *words, "bubblewrap", "--no-out-link")
        assert run.returncode == 0 and "sandboxes" not in run.stderr, run.stderr
    assert not (tmp_path / "home/tools").exists()


@pytest.mark.network
@pytest.mark.sandbox
@pytest.mark.slow
def test_sandboxes_are_made_with_the_bundled_one_once_it_is_built(shared_chx: Run, shared_home: Path) -> None:
    link = shared_home / "tools/bubblewrap"
    link.unlink(missing_ok=True)
    run = shared_chx("build", "bubblewrap", "--no-out-link")
    assert run.returncode == 0 and "sandboxes are made with" in run.stderr, run.stderr
    path = run.stdout.strip()
    program = shared_home / "store" / path.rpartition("/")[2] / "usr/bin/bwrap"
    assert b"/lib/ld-" not in program.read_bytes()
    said = shared_chx("--version").stdout.splitlines()
    assert said[2:] == [f"bubblewrap 0.13.0 ({link}/usr/bin/bwrap)"]
    # It works, it is kept, and without the link the others are used again.
    assert shared_chx("run", "root", "--", "sh", "-c", "echo inside").stdout == "inside\n"
    assert path in shared_chx("store", "roots").stdout
    link.unlink()
    assert str(link) not in shared_chx("--version").stdout
    assert "sandboxes are made with" in shared_chx("build", "bubblewrap", "--no-out-link").stderr
