"""OCI layouts: blobs are what their names say, and equal images are equal bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from chx.oci import (
    GZIP,
    NONE,
    Compression,
    Configuration,
    InvalidMember,
    InvalidTag,
    Kind,
    LayoutWriter,
    Member,
    WrittenImage,
    archive,
    check_layer,
    check_tag,
    in_order,
)
from chx.store.zstd import packed, unpacked

ZSTD = Compression("+zstd", lambda chunks: packed(chunks, 3))


def members(text: bytes = b"text") -> list[Member]:
    return in_order(
        [
            Member(b"usr", Kind.DIRECTORY, 0o755),
            Member(b"usr/file", Kind.FILE, 0o644, size=len(text), open=lambda: io.BytesIO(text)),
        ]
    )


def write(folder: Path, compression: Compression = GZIP) -> WrittenImage:
    writer = LayoutWriter(str(folder))
    layers = [
        writer.layer(archive(members(text), 1), compression, {"number": str(number)}, f"layer {number}")
        for number, text in enumerate((b"one", b"two"))
    ]
    configuration = Configuration("amd64", "1970-01-01T00:00:01Z", command=("/usr/file",), labels={"a": "b"})
    return writer.finish(layers, configuration, {"note": "some"}, "latest")


def blob(folder: Path, digest: str) -> bytes:
    data = (folder / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return data


@pytest.mark.parametrize("compression", [NONE, GZIP, ZSTD], ids=["none", "gzip", "zstd"])
def test_a_layout_holds_together(tmp_path: Path, compression: Compression) -> None:
    image = write(tmp_path / "image", compression)
    folder = tmp_path / "image"
    assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (named,) = json.loads((folder / "index.json").read_text())["manifests"]
    assert named["digest"] == image.manifest.digest
    assert named["annotations"] == {"org.opencontainers.image.ref.name": "latest"}
    assert named["platform"] == {"architecture": "amd64", "os": "linux"}
    manifest = json.loads(blob(folder, named["digest"]))
    assert manifest["annotations"] == {"note": "some"}
    config = json.loads(blob(folder, manifest["config"]["digest"]))
    assert config["config"] == {"Cmd": ["/usr/file"], "Labels": {"a": "b"}}
    assert len(list((folder / "blobs/sha256").iterdir())) == 4
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        data = blob(folder, layer["digest"])
        assert len(data) == layer["size"]
        assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar" + compression.suffix
        if compression is GZIP:
            assert data[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
            data = gzip.decompress(data)
        elif compression is ZSTD:
            data = unpacked(io.BytesIO(data), 27).read(1 << 20)
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == diff_id
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            assert tar.getnames() == ["usr", "usr/file"]


def test_equal_images_are_equal_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "one") == write(tmp_path / "other")
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "other" / path.relative_to(tmp_path / "one")).read_bytes()


def test_the_compression_does_not_change_what_a_layer_is(tmp_path: Path) -> None:
    images = [write(tmp_path / name, kind) for name, kind in (("n", NONE), ("g", GZIP), ("z", ZSTD))]
    assert len({tuple(layer.diff_id for layer in image.layers) for image in images}) == 1
    assert len({image.config.digest for image in images}) == 1
    assert len({image.manifest.digest for image in images}) == 3


@pytest.mark.parametrize("tag", ["", ".x", "-x", "a b", "a/b", "x\n", "ä", "x" * 129, "a:b"])
def test_a_bad_tag_is_refused(tag: str) -> None:
    with pytest.raises(InvalidTag):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["latest", "1.0", "_x", "x" * 128, "A-b_c.d"])
def test_a_good_tag_is_none(tag: str) -> None:
    check_tag(tag)


@pytest.mark.parametrize("name", [b".wh.x", b"usr/.wh..wh..opq"])
def test_a_layer_has_no_name_that_removes_a_file(name: bytes) -> None:
    with pytest.raises(InvalidMember, match="removes"):
        check_layer([Member(name, Kind.DIRECTORY, 0o755)])
