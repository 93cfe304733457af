import hashlib
import os

import pytest

from chx.builder.errors import HashMismatch, InvalidFixedOutput
from chx.builder.fixed import check_fixed, sri
from chx.builder.nar import nar_digest, write_nar
from chx.store import FixedOutput


def nar(path) -> bytes:
    parts = []
    write_nar(str(path), parts.append)
    return b"".join(parts)


def text(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data + b"\0" * (-len(data) % 8)


def test_a_file(tmp_path):
    (tmp_path / "f").write_bytes(b"hello")
    words = [b"nix-archive-1", b"(", b"type", b"regular", b"contents", b"hello", b")"]
    assert nar(tmp_path / "f") == b"".join(map(text, words))


def test_a_tree_is_written_in_order_of_names(tmp_path):
    root = tmp_path / "t"
    root.mkdir()
    (root / "b").write_bytes(b"")
    (root / "b").chmod(0o755)
    (root / "a").symlink_to("b")
    words = [b"nix-archive-1", b"(", b"type", b"directory"]
    words += [b"entry", b"(", b"name", b"a", b"node", b"(", b"type", b"symlink", b"target", b"b", b")", b")"]
    words += [b"entry", b"(", b"name", b"b", b"node", b"(", b"type", b"regular", b"executable", b"", b"contents", b""]
    words += [b")", b")", b")"]
    assert nar(root) == b"".join(map(text, words))


def test_a_digest_that_nix_gave(tmp_path):
    """`nix-hash --type sha256 --sri` of an empty directory."""
    root = tmp_path / "empty"
    root.mkdir()
    assert (
        sri("sha256", nar_digest(str(root), hashlib.sha256())) == "sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo="
    )


def test_deep_trees_are_no_trouble(tmp_path):
    path = str(tmp_path / "deep")
    for _ in range(300):
        os.mkdir(path)
        path += "/d"
    assert len(nar(tmp_path / "deep")) > 300 * 100


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "p")
    with pytest.raises(ValueError):
        nar(tmp_path / "p")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_flat_promise_is_checked(tmp_path, algorithm):
    (tmp_path / "f").write_bytes(b"hello")
    good = FixedOutput(algorithm, hashlib.new(algorithm, b"hello").digest(), "flat")
    check_fixed(str(tmp_path / "f"), good)
    (tmp_path / "f").write_bytes(b"other")
    with pytest.raises(HashMismatch) as caught:
        check_fixed(str(tmp_path / "f"), good, "file:/x")
    assert caught.value.expected == sri(algorithm, good.digest)
    assert caught.value.got == sri(algorithm, hashlib.new(algorithm, b"other").digest())
    assert "file:/x" in caught.value.message


def test_a_blake3_promise_is_checked(tmp_path):
    from blake3 import blake3

    (tmp_path / "f").write_bytes(b"hello")
    check_fixed(str(tmp_path / "f"), FixedOutput("blake3", blake3(b"hello").digest(), "flat"))


def test_a_flat_promise_is_of_a_plain_file(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "f").chmod(0o755)
    with pytest.raises(InvalidFixedOutput):
        check_fixed(str(tmp_path / "f"), FixedOutput("sha256", hashlib.sha256(b"").digest(), "flat"))
    with pytest.raises(InvalidFixedOutput):
        check_fixed(str(tmp_path), FixedOutput("sha256", hashlib.sha256(b"").digest(), "flat"))
