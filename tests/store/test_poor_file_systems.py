"""Homes on file systems that lack something: hard links, locks."""

from __future__ import annotations

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chx.store import Signer, Store, StoreError


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS])
def test_without_hard_links_there_is_one_key_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "keys").mkdir()
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: Signer(str(tmp_path)).public, range(16)))
    assert keys == {Signer(str(tmp_path)).public}
    assert os.listdir(tmp_path / "keys") == ["ed25519"]
    assert (tmp_path / "keys/ed25519").stat().st_mode & 0o777 == 0o600


def test_without_locks_no_store_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network's file system whose lock service does not run."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match=r"its file system has no locks \(No locks available\)") as caught:
        Store.open(str(tmp_path / "home"))
    assert caught.value.code == "S004" and "another file system" in str(caught.value.hint)
