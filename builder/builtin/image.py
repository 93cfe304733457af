"""The tree of an image: the merged layers of an OCI image layout.

A layout is a directory with `oci-layout`, `index.json` and `blobs/ALGORITHM/DIGEST`, as skopeo, buildah, podman and
Docker write it. Sources: OCI Image Format Specification 1.1, "Image Layout", "Image Index", "Image Manifest" and "Image
Filesystem Changeset".

A layer is an archive. Its members replace those of earlier layers at the same path; `.wh.NAME` removes their NAME, and
`.wh..wh..opq` everything of theirs in its directory, wherever it occurs in the layer. Every blob must have its stated
size and digest.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...store.checkpoint import checkpoint
from ...store.foreign import parse_json
from ..errors import ArchiveRefused, ArchiveUnreadable, shown
from .archive import members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .unpack import Unpacking
    from .writer import TreeWriter

MARK: Final = "oci-layout"
_REFERENCE: Final = "org.opencontainers.image.ref.name"
_INDEXES: Final = frozenset(
    ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
)
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
_LARGEST_TEXT: Final = 4 << 20
"""Registries have the same limit for manifests."""
_DEEPEST: Final = 8
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_CHUNK: Final = 1 << 20


class ImageSelection(NamedTuple):
    """Selection of an image of a layout: its name there, and its platform, as `linux/arm64` or `linux/arm/v7`; "" for any."""

    reference: str
    platform: str


class _Found(NamedTuple):
    descriptor: dict[str, Any]
    reference: str
    platform: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.reference, self.platform))) or str(self.descriptor["digest"])


def is_layout(folder: str) -> bool:
    """Whether a directory is the layout of an image."""
    return os.path.isfile(f"{folder}/{MARK}")


def layers_of(folder: str, label: str, selection: ImageSelection) -> list[str]:
    """Return the files of an image's layers, lowest first, after checking them. Raises `ArchiveUnreadable`."""
    index = _json(_place(folder, "index.json", label), label, "index.json")
    found = [image for image in _images(folder, label, index, "", _DEEPEST) if image.platform != "unknown/unknown"]
    wanted = [image for image in found if _is_wanted(image, selection)]
    distinct = {image.descriptor["digest"]: image for image in wanted}
    if len(distinct) != 1:
        named = ", ".join(shown(str(image)) for image in found[:20]) or "none"
        what = "no such image is" if not distinct else "several images are"
        raise ArchiveUnreadable(
            label, f"{what} in it; there are: {named}", "`reference` and `platform` say which is meant"
        )
    (image,) = distinct.values()
    manifest = _json(_blob(folder, label, image.descriptor), label, "its manifest")
    layers = manifest.get("layers")
    if not isinstance(layers, list):
        raise ArchiveUnreadable(label, "its manifest has no layers")
    return [_blob(folder, label, layer) for layer in layers]


def write_layer(writer: TreeWriter, layer: str, unpacking: Unpacking) -> None:
    """Apply one layer to what `writer` has written so far."""
    for member in members(layer, writer.label):
        checkpoint()
        folder, _, name = writer.place(member.name).rpartition("/")
        if name == _OPAQUE:
            writer.empty(folder)
        elif name.startswith(_WHITEOUT) and not name.startswith(_WHITEOUT * 2):
            hidden = name.removeprefix(_WHITEOUT)
            if hidden in ("", ".", ".."):
                raise ArchiveRefused(writer.label, member.name, "it takes away no name")
            writer.remove(f"{folder}/{hidden}" if folder else hidden)
    own: set[str] = set()
    for member in members(layer, writer.label):
        checkpoint()
        path = writer.place(member.name)
        if path.rpartition("/")[2].startswith(_WHITEOUT) or not unpacking.is_wanted_at(path):
            continue
        if path and path not in own:
            writer.make_way(path, member.kind == "directory")
            own.add(path)
        unpacking.write(writer, member, path, writer.place(member.target) if member.kind == "hardlink" else "")


def _is_wanted(image: _Found, selection: ImageSelection) -> bool:
    is_named = not selection.reference or image.reference == selection.reference
    return is_named and (not selection.platform or image.platform in ("", selection.platform))


def _images(folder: str, label: str, index: dict[str, Any], reference: str, depth: int) -> Iterator[_Found]:
    """Yield the images that an index leads to, through others."""
    manifests = index.get("manifests")
    if not isinstance(manifests, list) or depth == 0:
        raise ArchiveUnreadable(label, "an index in it lists no manifests" if depth else "its indexes nest too deep")
    for descriptor in manifests:
        if not isinstance(descriptor, dict):
            raise ArchiveUnreadable(label, "an index in it lists what is no descriptor")
        notes = descriptor.get("annotations")
        own = notes.get(_REFERENCE) if isinstance(notes, dict) else None
        name = own if isinstance(own, str) else reference
        if descriptor.get("mediaType") in _INDEXES:
            inner = _json(_blob(folder, label, descriptor), label, "an index in it")
            yield from _images(folder, label, inner, name, depth - 1)
        else:
            _digest(descriptor, label)
            yield _Found(descriptor, name, _platform(descriptor.get("platform")))


def _platform(platform: object) -> str:
    if not isinstance(platform, dict):
        return ""
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return "/".join(part for part in parts if isinstance(part, str))


def _digest(descriptor: object, label: str) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise ArchiveUnreadable(label, f"a descriptor in it has the digest {shown(repr(digest))}")
    return digest


def _blob(folder: str, label: str, descriptor: object) -> str:
    """Return the file of a blob, after checking it against its descriptor."""
    digest = _digest(descriptor, label)
    assert isinstance(descriptor, dict)
    algorithm, _, text = digest.partition(":")
    name = f"blobs/{algorithm}/{text}"
    path = _place(folder, name, label)
    if os.path.getsize(path) != descriptor.get("size"):
        raise ArchiveUnreadable(label, f"its {name} has not the size that it should have")
    hasher = hashlib.new(algorithm)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            checkpoint()
            hasher.update(chunk)
    if hasher.hexdigest() != text:
        raise ArchiveUnreadable(label, f"its {name} is not what its name says")
    return path


def _place(folder: str, name: str, label: str) -> str:
    """Return a file of the layout, without following links."""
    path = f"{folder}/{name}"
    if os.path.realpath(path) != f"{os.path.realpath(folder)}/{name}" or not os.path.isfile(path):
        raise ArchiveUnreadable(label, f"it has no file {name}")
    return path


def _json(path: str, label: str, what: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        text = file.read(_LARGEST_TEXT + 1)
    if len(text) > _LARGEST_TEXT:
        raise ArchiveUnreadable(label, f"{what} is longer than {_LARGEST_TEXT >> 20} MiB")
    try:
        found = parse_json(text)
    except ValueError as error:
        raise ArchiveUnreadable(label, f"{what} is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise ArchiveUnreadable(label, f"{what} is no JSON object")
    return found
