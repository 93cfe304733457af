"""The site is built from the pages without a warning: a link that leads nowhere is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", ROOT / "docs", tmp_path]
    run = subprocess.run(list(map(str, command)), text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    start = (tmp_path / "README.html").read_text()
    assert "tutorial/first-package.html" in start and "reference/README.html" in start
    # Everything that a page loads is part of the site.
    assert 'src="http' not in start and 'rel="stylesheet" type="text/css" href="http' not in start
