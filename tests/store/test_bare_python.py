"""A Python that is one static program: without ctypes, and compiled without OpenSSL."""

from __future__ import annotations

import http.client
import os
import sys
from urllib.error import URLError
from urllib.request import Request

import pytest

from chx.store import Store
from chx.store.exchange.conversation import PATIENCE, Clock
from chx.store.exchange.http import send_request


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
