"""A Python that is one static program: without ctypes, and compiled without OpenSSL."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from chx.store import Store
from chx.store.exchange.conversation import PATIENCE, Clock
from chx.store.exchange.http import send_request

ROOT = Path(__file__).resolve().parents[2]


def test_without_tls_only_what_needs_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(http.client, "HTTPSConnection")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(URLError, match="this Python has no TLS"):
        send_request(Request("https://127.0.0.1:1/x"), Clock(PATIENCE))
    with pytest.raises(URLError, match="Connection refused"):
        send_request(Request("http://127.0.0.1:1/x"), Clock(PATIENCE))


def test_without_ctypes_all_file_systems_are_flushed(
    home: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from chx.store.recovery import mark_synced

    flushed: list[str] = []
    monkeypatch.setitem(sys.modules, "ctypes", None)
    monkeypatch.setattr(os, "sync", lambda: flushed.append("all"))
    with Store.open(home) as store:
        store.add_bytes(b"x", "one")
        mark_synced(store._database, store.directory)
        assert flushed == ["all"]
        assert store._database.value("SELECT count(*) FROM objects WHERE NOT synced") == 0


def test_without_ctypes_an_interrupt_ends_the_process(tmp_path: Path) -> None:
    """Evaluation runs in a thread of its own, which nothing else can interrupt."""
    program = f"import sys; sys.modules['ctypes'] = None; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = {str(ROOT)!r}; import runpy; runpy.run_path({str(ROOT)!r}, run_name='__main__')"
    words = ["eval", "-E", 'builtins.trace "started" (let f = n: f (n + 1); in f 0)', "--max-call-depth", "1000000000"]
    environment = {**os.environ, "CHX_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words], stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stderr is not None
    assert "started" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in said, said
