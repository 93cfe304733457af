"""Projects made of text, whose packages chx builds by itself: no fetch, no sandbox."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import posix
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chx.cli.main import main

TREE = """
let
  tree = name: text: derivation {
    inherit name;
    system = "builtin";
    builder = "builtin:tree";
    entries = builtins.toJSON [ { path = "text"; kind = "file"; content = text; } ];
  };
in
"""

Run = Callable[..., subprocess.CompletedProcess[str]]
"""As in the conftest of the folder above."""
Write = Callable[..., Path]
Lock = Callable[[], dict[str, Any]]


def _run(home: Path, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """As a program would, but in this process, which has imported everything already: most of these runs are short."""
    variables = {"CHX_HOME": str(home), "HOME": str(folder)}
    streams = sys.stdout, sys.stderr
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    native = dict(posix.environ)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        for name, value in variables.items():
            patch.setenv(name, value)
            posix.environ[name.encode()] = value.encode()
        sys.stdout, sys.stderr = out, err
        try:
            status = main([str(word) for word in words])
        finally:
            sys.stdout, sys.stderr = streams
            posix.environ.clear()
            posix.environ.update(native)
            gc.enable()
            for number, handler in handlers.items():
                signal.signal(number, handler)
    said = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]  # type: ignore[attr-defined]
    return subprocess.CompletedProcess([str(word) for word in words], status, *said)


@pytest.fixture
def chx(tmp_path: Path, work: Path) -> Run:
    """`chx(WORD...)` in an empty folder with an empty store."""
    work.mkdir()
    return lambda *words: _run(tmp_path / "home", work, *words)


@pytest.fixture
def chx_in() -> Run:
    """`chx_in(HOME, FOLDER, WORD...)`: with another store, in another folder."""
    return _run


@pytest.fixture
def write(work: Path) -> Write:
    """Writes files below the working folder: path -> text. `default` is put behind a function `tree name text`."""

    def put(files: dict[str, str] | None = None, default: str | None = None) -> Path:
        for name, text in (files or {}).items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
        if default is not None:
            (work / "default.nix").write_text(TREE + default)
        return work

    return put


@pytest.fixture
def lock(work: Path) -> Callable[[], dict[str, Any]]:
    """What chx.lock holds now."""
    return lambda: json.loads((work / "chx.lock").read_text())


class Repository:
    """A git repository on this disk."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", *words]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        run = subprocess.run(command, cwd=self.place, env=environment, check=True, capture_output=True, text=True)
        return run.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        """Commit files; the name of the commit."""
        for name, text in files.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")
