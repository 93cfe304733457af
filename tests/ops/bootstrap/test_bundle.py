"""A bundle has every fetched input, by hash, and nothing in it is believed."""

import hashlib
import io
import tarfile

import pytest

from chx.builder import Builder, BuildOptions
from chx.builder.nar import InvalidNar, nar_digest, read_nar, write_nar
from chx.ops.bootstrap import BundleRefused, load_bundle, write_bundle
from chx.store import Derivation, FixedOutput, Store


def fetch(store, url, algorithm, digest, mode="flat", **env):
    fixed = FixedOutput(algorithm, digest, mode)
    return store.add_derivation(
        Derivation("file", "builtin", "builtin:fetch", env={"url": url, **env}, outputs=("out",), fixed=fixed)
    )


@pytest.fixture
def fetched(store, tmp_path):
    """A store with a fetched file and a fetched tree, their derivations, and the content of the file."""
    (tmp_path / "a").write_bytes(b"content")
    tree = tmp_path / "t"
    (tree / "d").mkdir(parents=True)
    (tree / "d" / "x").write_bytes(b"1" * 70_000)
    (tree / "d" / "x").chmod(0o755)
    (tree / "empty").mkdir()
    (tree / "link").symlink_to("d/x")
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        for name in ("d", "empty", "link"):
            archive.add(tree / name, name)
    flat = fetch(store, f"file://{tmp_path}/a", "sha256", hashlib.sha256(b"content").digest())
    whole = fetch(
        store, f"file://{tmp_path}/t.tar", "sha256", nar_digest(str(tree), hashlib.sha256()), "recursive", unpack="1"
    )
    Builder(store, BuildOptions(jobs=1)).realise([(flat, ("out",)), (whole, ("out",))])
    return {path: store.derivation(path) for path in (flat, whole)}


def bundled(store, derivations) -> bytes:
    out = io.BytesIO()
    assert write_bundle(store, derivations, out) == len(derivations)
    return out.getvalue()


def test_what_was_fetched_travels_without_the_places_it_came_from(store, fetched, tmp_path):
    (tmp_path / "b.tar").write_bytes(bundled(store, fetched))
    (tmp_path / "a").unlink()
    (tmp_path / "t.tar").unlink()
    with Store.open(str(tmp_path / "elsewhere")) as other:
        for path in fetched:
            assert other.add_derivation(fetched[path]) == path
        loaded = load_bundle(other, fetched, str(tmp_path / "b.tar"))
        assert (loaded.taken, loaded.missing) == (2, ())
        realised = Builder(other, BuildOptions(jobs=1, offline=True)).realise([(path, ("out",)) for path in fetched])
        assert set(realised.values()) == {
            store.fixed_output("file", derivation.fixed) for derivation in fetched.values()
        }
        assert load_bundle(other, fetched, str(tmp_path / "b.tar")).taken == 0, "what is there is not taken again"


def test_equal_inputs_give_equal_bundles(store, fetched):
    assert bundled(store, fetched) == bundled(store, dict(reversed(fetched.items())))


def test_a_bundle_names_its_files_by_hash(store, fetched, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(bundled(store, fetched))) as archive:
        names = archive.getnames()
    assert names[1] == f"sha256/{hashlib.sha256(b'content').hexdigest()}"
    assert names[0].startswith("nar-sha256/")


def test_a_file_that_is_not_what_its_name_says_is_refused(store, fetched, tmp_path):
    place = tmp_path / "b.tar"
    place.write_bytes(bundled(store, fetched).replace(b"content", b"konzept"))
    with (
        Store.open(str(tmp_path / "elsewhere")) as other,
        pytest.raises(BundleRefused, match="is not what its name says"),
    ):
        load_bundle(other, fetched, str(place))


def test_what_is_missing_is_named(store, fetched, tmp_path):
    place = tmp_path / "b.tar"
    with tarfile.open(place, "w"):
        pass
    with Store.open(str(tmp_path / "elsewhere")) as other:
        assert load_bundle(other, fetched, str(place)).missing == ("file", "file")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 100])
def test_what_is_no_bundle_is_refused_by_name(store, fetched, tmp_path, content):
    place = tmp_path / "b.tar"
    place.write_bytes(content)
    with Store.open(str(tmp_path / "elsewhere")) as other, pytest.raises(BundleRefused, match=r"b\.tar"):
        load_bundle(other, fetched, str(place))


def test_what_was_changed_after_it_was_fetched_is_not_packed(store, fetched):
    (derivation,) = [derivation for derivation in fetched.values() if derivation.fixed.mode == "flat"]
    place = store.physical(store.fixed_output("file", derivation.fixed))
    import os

    os.chmod(place, 0o644)
    with open(place, "wb") as file:
        file.write(b"konzept")
    with pytest.raises(BundleRefused, match="was changed after it was fetched"):
        bundled(store, fetched)


def nar_of(path) -> bytes:
    out = io.BytesIO()
    write_nar(str(path), out.write)
    return out.getvalue()


def test_a_nar_that_was_written_is_read(tmp_path):
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "file").write_bytes(b"123456789")
    (tree / "a" / "program").write_bytes(b"")
    (tree / "a" / "program").chmod(0o755)
    (tree / "z").symlink_to("a/file")
    read_nar(io.BytesIO(nar_of(tree)), str(tmp_path / "copy"))
    assert nar_of(tmp_path / "copy") == nar_of(tree)
    (tmp_path / "one").write_bytes(b"x")
    read_nar(io.BytesIO(nar_of(tmp_path / "one")), str(tmp_path / "other"))
    assert (tmp_path / "other").read_bytes() == b"x"


def word(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data + b"\0" * (-len(data) % 8)


def words(*parts: bytes) -> bytes:
    return b"".join(map(word, parts))


LINK = (b"(", b"type", b"symlink", b"target", b"x", b")")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        word(b"nix-archive-2"),
        words(b"nix-archive-1", b"(", b"type", b"device", b")"),
        words(b"nix-archive-1", *LINK) + b"more",
        words(b"nix-archive-1", *LINK)[:-9],
        words(b"nix-archive-1", b"(", b"type", b"directory", b"entry", b"(", b"name", b"..", b"node", *LINK),
        words(b"nix-archive-1", b"(", b"type", b"directory", b"entry", b"(", b"name", b"a/b", b"node", *LINK),
        words(
            b"nix-archive-1", b"(", b"type", b"directory",
            b"entry", b"(", b"name", b"b", b"node", *LINK, b")", b"entry", b"(", b"name", b"a", b"node", *LINK,
        ),
        word(b"nix-archive-1") + (1 << 60).to_bytes(8, "little"),
    ],
)  # fmt: skip
def test_what_is_no_nar_is_refused(tmp_path, data):
    with pytest.raises(InvalidNar):
        read_nar(io.BytesIO(data), str(tmp_path / "copy"))
