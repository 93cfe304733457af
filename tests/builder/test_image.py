"""OCI image layouts, good and bad, through the builder as a user meets it."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from chx.builder import Builder
from chx.builder.errors import ArchiveRefused, ArchiveUnreadable, BadAttribute
from chx.store import Derivation

from .test_unpack import tar

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NAME = "org.opencontainers.image.ref.name"


class Layout:
    """Writes a layout as skopeo does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, content: bytes, kind: str, **more) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content), **more}

    def image(self, *layers: bytes, **more) -> dict:
        manifest = {
            "schemaVersion": 2,
            "config": self.blob(b"{}", "application/vnd.oci.image.config.v1+json"),
            "layers": [self.blob(layer, "application/vnd.oci.image.layer.v1.tar") for layer in layers],
        }
        return self.blob(json.dumps(manifest).encode(), MANIFEST, **more)

    def index(self, *descriptors: dict) -> bytes:
        return json.dumps({"schemaVersion": 2, "manifests": descriptors}).encode()

    def holds(self, *descriptors: dict) -> Layout:
        (self.folder / "index.json").write_bytes(self.index(*descriptors))
        return self


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


@pytest.fixture
def unpack(store, recorder):
    """Unpack a layout; `{path: content}` of the output as in test_unpack."""

    def run(layout: Layout, **env):
        source = store.add_tree(str(layout.folder), "layout")
        drv = store.add_derivation(
            Derivation("x", "builtin", "builtin:unpack", env={"src": str(source), **env}, input_srcs=(source,))
        )
        path = Builder(store, reporter=recorder).realise([(drv, ("out",))])[drv, "out"]
        root = Path(store.physical(path))
        found = {}
        for entry in store.manifest(path):
            place = root / entry.path
            text = {"d": "/", "l": f"->{entry.target}"}.get(entry.kind)
            found[entry.path + ("*" if entry.kind == "x" else "")] = place.read_bytes() if text is None else text
        del found[""]
        return found

    return run


BASE = tar(
    ("bin", "->usr/bin"),
    ("etc/", "/"),
    ("etc/a", b"1"),
    ("etc/b", b"2"),
    ("etc/deep/er/c", b"3"),
    ("usr/bin/sh", b"sh", 0o755),
)
WHOLE = {
    "bin": "->usr/bin",
    "etc": "/",
    "etc/a": b"1",
    "etc/b": b"2",
    "etc/deep": "/",
    "etc/deep/er": "/",
    "etc/deep/er/c": b"3",
    "usr": "/",
    "usr/bin": "/",
    "usr/bin/sh*": b"sh",
}


def without(*paths: str, **more) -> dict:
    kept = {path: content for path, content in WHOLE.items() if not path.startswith(paths)}
    return {**kept, **more}


def test_one_layer_however_it_is_compressed(unpack, layout):
    assert unpack(layout.holds(layout.image(BASE))) == WHOLE
    assert unpack(layout.holds(layout.image(gzip.compress(BASE)))) == WHOLE


def test_an_upper_layer_replaces_what_a_lower_one_has(unpack, layout):
    upper = tar(("etc/a", b"new", 0o755), ("etc/deep", b"a file"), ("etc/b/", "/"), ("etc/b/x", b"4"), ("d", "=etc/a"))
    found = unpack(layout.holds(layout.image(BASE, upper)))
    more = {"etc/a*": b"new", "etc/deep": b"a file", "etc/b": "/", "etc/b/x": b"4", "d*": b"new"}
    assert found == without("etc/", **more)


def test_a_directory_replaces_a_link_to_one(unpack, layout):
    upper = tar(("bin/", "/"), ("bin/tool", b"t"))
    assert unpack(layout.holds(layout.image(BASE, upper))) == {**WHOLE, "bin": "/", "bin/tool": b"t"}


def test_a_whiteout_takes_away_what_lower_layers_have_and_nothing_else(unpack, layout):
    upper = tar(
        ("etc/deep/er/c", b"own"), (".wh.bin", b""), ("etc/.wh.a", b""), ("etc/.wh.deep", b""), ("etc/.wh.no", b"")
    )
    found = unpack(layout.holds(layout.image(BASE, upper)))
    assert found == without("bin", "etc/a", **{"etc/deep/er/c": b"own"})
    last = tar(("etc/a", b"again"))
    found = unpack(layout.holds(layout.image(BASE, upper, last)))
    assert found["etc/a"] == b"again" and "bin" not in found


@pytest.mark.parametrize("first", [True, False])
def test_an_opaque_folder_hides_what_was_in_it_wherever_that_is_said(unpack, layout, first):
    mark, own = ("etc/.wh..wh..opq", b""), ("etc/new", b"n")
    upper = tar(("etc/", "/"), *((mark, own) if first else (own, mark)))
    assert unpack(layout.holds(layout.image(BASE, upper))) == without("etc/", **{"etc/new": b"n"})


def test_an_opaque_root_hides_all(unpack, layout):
    assert unpack(layout.holds(layout.image(BASE, tar((".wh..wh..opq", b""), ("x", b"1"))))) == {"x": b"1"}


def test_other_marks_of_old_file_systems_are_no_files(unpack, layout):
    assert unpack(layout.holds(layout.image(BASE, tar((".wh..wh.plnk", b""), (".wh..wh.aufs", b""))))) == WHOLE


def test_what_is_selected_is_that_of_the_image(unpack, layout):
    upper = tar(("etc/.wh.a", b""), ("usr/share/doc/x", b""))
    image = layout.holds(layout.image(BASE, upper))
    assert unpack(image, only="etc usr", exclude="usr/share/doc") == without("bin", "etc/a")


def test_an_image_with_one_top_directory_is_whole(unpack, layout):
    image = layout.holds(layout.image(tar(("usr/bin/x", b"1"))))
    assert unpack(image, strip="auto") == {"usr": "/", "usr/bin": "/", "usr/bin/x": b"1"}
    with pytest.raises(BadAttribute, match="no leading path components"):
        unpack(image, strip="1")


# Several images


def platform(architecture: str, **more) -> dict:
    return {"platform": {"os": "linux", "architecture": architecture, **more}}


def test_the_image_is_chosen_by_name_and_platform_through_indexes(unpack, layout):
    images = {name: tar((name, b"")) for name in ("amd", "arm", "old", "v7")}
    latest = layout.index(
        layout.image(images["amd"], **platform("amd64")),
        layout.image(images["arm"], **platform("arm64")),
        layout.image(images["v7"], **platform("arm", variant="v7")),
        # What builders say of what they built.
        layout.image(b"no archive", **platform("unknown") | {"platform": {"os": "unknown", "architecture": "unknown"}}),
    )
    layout.holds(
        layout.blob(latest, INDEX, annotations={NAME: "latest"}),
        layout.image(images["old"], annotations={NAME: "old"}, **platform("amd64")),
    )
    assert unpack(layout, reference="latest", platform="linux/amd64") == {"amd": b""}
    assert unpack(layout, platform="linux/arm64") == {"arm": b""}
    assert unpack(layout, platform="linux/arm/v7") == {"v7": b""}
    assert unpack(layout, reference="old") == {"old": b""}
    with pytest.raises(ArchiveUnreadable) as several:
        unpack(layout)
    assert "several images are in it; there are: latest linux/amd64, latest linux/arm64" in several.value.message
    assert "`reference` and `platform`" in (several.value.hint or "")
    with pytest.raises(ArchiveUnreadable, match="no such image is in it"):
        unpack(layout, reference="new")


def test_one_image_under_two_names_is_one(unpack, layout):
    image = layout.image(BASE)
    layout.holds({**image, "annotations": {NAME: "a"}}, {**image, "annotations": {NAME: "b"}})
    assert unpack(layout) == WHOLE


# Bad ones


def test_a_folder_that_is_no_layout_is_refused(unpack, layout):
    (layout.folder / "oci-layout").unlink()
    with pytest.raises(BadAttribute, match="no layout of an image"):
        unpack(layout.holds(layout.image(BASE)))


def test_a_blob_that_is_not_what_its_name_says_is_refused(unpack, layout):
    layout.holds(layout.image(BASE))
    largest = max((layout.folder / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[700] ^= 1
    largest.write_bytes(content)
    with pytest.raises(ArchiveUnreadable, match=f"blobs/sha256/{largest.name} is not what its name says"):
        unpack(layout)
    largest.write_bytes(content[:-1])
    with pytest.raises(ArchiveUnreadable, match="has not the size"):
        unpack(layout)
    largest.unlink()
    with pytest.raises(ArchiveUnreadable, match="it has no file blobs"):
        unpack(layout)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "index.json is no JSON"),
        (b"[" * 200_000, "index.json is no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "lists no manifests"),
        (b'{"manifests": [1]}', "no descriptor"),
        (b'{"manifests": [{}]}', "has the digest None"),
        (b'{"manifests": [{"digest": "sha256:../../../../etc/passwd", "size": 1}]}', "has the digest"),
        (b'{"manifests": []}', "no such image is in it; there are: none"),
        (b" " * (5 << 20), "longer than 4 MiB"),
    ],
)
def test_an_index_that_makes_no_sense_is_refused(unpack, layout, text, said):
    (layout.folder / "index.json").write_bytes(text)
    with pytest.raises(ArchiveUnreadable) as error:
        unpack(layout)
    assert said in error.value.message and len(error.value.message) < 500


def test_indexes_do_not_nest_without_end(unpack, layout):
    inner = layout.image(BASE)
    for _ in range(9):
        inner = layout.blob(layout.index(inner), INDEX)
    with pytest.raises(ArchiveUnreadable, match="nest too deep"):
        unpack(layout.holds(inner))


def test_a_link_in_a_layout_is_not_followed(unpack, layout, tmp_path):
    layout.holds(layout.image(BASE))
    shutil.move(layout.folder / "index.json", tmp_path / "outside.json")
    (layout.folder / "index.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(ArchiveUnreadable, match=r"it has no file index\.json"):
        unpack(layout)


@pytest.mark.parametrize(
    "member", [("../x", b""), ("/x", b""), ("bin/x", b""), ("etc/.wh...", b""), (".wh.", b""), ("etc/.wh.", b"")]
)
def test_a_layer_does_not_leave_the_tree(unpack, layout, member):
    with pytest.raises(ArchiveRefused, match="layer 2 of 2"):
        unpack(layout.holds(layout.image(BASE, tar(member))))
