"""Mirrors by hash: `hashed-mirrors` in [fetch] of chx.toml."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.errors import BadConfiguration, FetchFailed, HashMismatch
from chx.ops import mirror
from chx.store import Derivation, FixedOutput, Store, StoreError, StorePath

CONTENT = b"pinned long ago\n"
DIGEST = hashlib.sha256(CONTENT).digest()


@pytest.fixture
def fetch(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Fetch the content from a place that is gone, with mirrors configured."""
    monkeypatch.chdir(tmp_path)

    def run(*mirrors: object, name: str = "file", offline: bool = False) -> StorePath:
        texts = ", ".join(f'"{place}"' for place in mirrors)
        (tmp_path / "chx.toml").write_text(f"[fetch]\nhashed-mirrors = [{texts}]\n")
        fixed = FixedOutput("sha256", DIGEST, "flat")
        drv = store.add_derivation(
            Derivation(name, "builtin", "builtin:fetch", env={"url": f"file:{tmp_path}/gone"}, fixed=fixed)
        )
        return Builder(store, BuildOptions(offline=offline)).realise([(drv, ("out",))])[drv, "out"]

    return run


def keep(folder: Path, content: bytes = CONTENT) -> Path:
    (folder / "sha256").mkdir(parents=True)
    (folder / "sha256" / DIGEST.hex()).write_bytes(content)
    return folder


def test_a_file_that_is_gone_comes_from_a_mirror(fetch, store: Store, tmp_path: Path) -> None:
    place = keep(tmp_path / "a mirror")
    path = fetch(tmp_path / "none", place, offline=True)
    assert Path(store.physical(path)).read_bytes() == CONTENT


def test_only_the_hash_decides(fetch, tmp_path: Path) -> None:
    with pytest.raises(HashMismatch):
        fetch(keep(tmp_path / "liar", b"something else"))
    fetch(tmp_path / "liar", keep(tmp_path / "honest"))


def test_every_place_that_was_tried_is_named(fetch, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed) as failure:
        fetch(tmp_path / "one", "http://127.0.0.1:1/files/")
    places = [place for place, _ in failure.value.attempts]
    name = f"sha256/{DIGEST.hex()}"
    assert places == [f"file:{tmp_path}/gone", f"file:{tmp_path}/one/{name}", f"http://127.0.0.1:1/files/{name}"]


@pytest.mark.parametrize("text", ["relative/path", "ftp://example.org"])
def test_a_mirror_that_is_none_is_told_with_its_file(fetch, tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfiguration) as refused:
        fetch(text)
    assert text in refused.value.message and str(tmp_path / "chx.toml") in refused.value.message


def test_a_mirror_of_a_store_has_its_fetched_files(fetch, store: Store, tmp_path: Path) -> None:
    path = fetch(keep(tmp_path / "source"))
    target = tmp_path / "made"
    assert mirror(store, str(target)) == (1, 0, len(CONTENT))
    assert mirror(store, str(target)) == (0, 1, 0)
    assert [os.path.relpath(base, target) for base, _, names in os.walk(target) if names] == ["sha256"]
    with Store.open(str(tmp_path / "another home")) as other:
        fixed = FixedOutput("sha256", DIGEST, "flat")
        drv = other.add_derivation(Derivation("n", "builtin", "builtin:fetch", env={"url": "file:/gone"}, fixed=fixed))
        (tmp_path / "chx.toml").write_text(f'[fetch]\nhashed-mirrors = ["{target}"]\n')
        assert Builder(other).realise([(drv, ("out",))])
    physical = Path(store.physical(path))
    physical.chmod(0o644)
    physical.write_bytes(b"damaged")
    (target / "sha256" / DIGEST.hex()).unlink()
    with pytest.raises(StoreError, match="has not the content"):
        mirror(store, str(target))
    assert list((target / "sha256").iterdir()) == []
