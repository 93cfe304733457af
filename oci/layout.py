"""Write OCI image layouts: blobs by digest, a configuration, a manifest and an index.

All JSON has sorted keys and no blanks, so that equal images have equal bytes. Sources: OCI Image Format Specification
1.1, "Image Layout", "Image Manifest", "Image Configuration", "Filesystem Layers" and "Annotations".
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from .errors import InvalidMember, InvalidTag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .compression import Compression
    from .members import Member

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
REFERENCE: Final = "org.opencontainers.image.ref.name"
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_WHITEOUT: Final = b".wh."


def check_tag(tag: str) -> None:
    """Raise `InvalidTag` for what the OCI Distribution Specification does not take for a tag."""
    if _TAG.fullmatch(tag) is None:
        raise InvalidTag(tag)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob: its media type, its digest (`sha256:...`) and its size in bytes."""

    media_type: str
    digest: str
    size: int

    def descriptor(self, annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the descriptor of the blob as JSON types."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if annotations:
            found["annotations"] = dict(annotations)
        return found


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its blob, the digest of its uncompressed archive, its annotations, and what its history says made it."""

    blob: Blob
    diff_id: str
    annotations: Mapping[str, str]
    created_by: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an image says of the machine and of the process: the fields of an OCI configuration.

    `created` is a time as RFC 3339 writes it. `command` and `entrypoint` are None where an image has none.
    """

    architecture: str
    created: str
    os: str = "linux"
    variant: str | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    user: str | None = None
    directory: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> dict[str, str]:
        """The platform of a descriptor."""
        found = {"architecture": self.architecture, "os": self.os}
        return found if self.variant is None else {**found, "variant": self.variant}

    def document(self, layers: Sequence[Layer]) -> dict[str, Any]:
        """Return the configuration of an image with these layers as JSON types."""
        process = {
            "Cmd": self.command,
            "Entrypoint": self.entrypoint,
            "Env": self.environment or None,
            "User": self.user,
            "WorkingDir": self.directory,
            "Labels": dict(self.labels) or None,
        }
        return {
            **self.platform,
            "created": self.created,
            "config": {key: value for key, value in process.items() if value is not None},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": self.created, "created_by": layer.created_by} for layer in layers],
        }


@dataclass(frozen=True, slots=True)
class WrittenImage:
    """An image of a layout: its blobs, its layers from the lowest on, and its configuration."""

    manifest: Blob
    config: Blob
    layers: tuple[Layer, ...]


class LayoutWriter:
    """Writes a layout into the directory `folder`, which is empty.

    Methods raise OSError for what cannot be written, and what the iterators that they are given raise.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._blobs = f"{folder}/blobs/sha256"
        os.makedirs(self._blobs)

    def layer(
        self,
        chunks: Iterable[bytes],
        compression: Compression,
        annotations: Mapping[str, str] | None = None,
        created_by: str = "",
    ) -> Layer:
        """Write a layer from the chunks of its uncompressed archive."""
        inner = hashlib.sha256()
        blob = self._write(LAYER + compression.suffix, compression.pack(_hashed(chunks, inner)))
        return Layer(blob, f"sha256:{inner.hexdigest()}", dict(annotations or {}), created_by)

    def packed_layer(
        self,
        chunks: Iterable[bytes],
        blob: Blob,
        diff_id: str,
        annotations: Mapping[str, str] | None = None,
        created_by: str = "",
    ) -> Layer | None:
        """Write a layer that was packed before; return None, with nothing written, if it is not what `blob` says."""
        written = self._write(blob.media_type, chunks)
        if written != blob:
            os.unlink(self.place(written))
            return None
        return Layer(blob, diff_id, dict(annotations or {}), created_by)

    def place(self, blob: Blob) -> str:
        """Return the file of a blob."""
        return f"{self._blobs}/{blob.digest.removeprefix('sha256:')}"

    def finish(
        self, layers: Sequence[Layer], configuration: Configuration, annotations: Mapping[str, str], tag: str
    ) -> WrittenImage:
        """Write the configuration, the manifest with `annotations`, and the index, which has one image of this tag.

        Raises `InvalidTag`.
        """
        check_tag(tag)
        config = self._write(CONFIG, [_json(configuration.document(layers))])
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(),
            "layers": [layer.blob.descriptor(layer.annotations) for layer in layers],
        }
        if annotations:
            document["annotations"] = dict(annotations)
        manifest = self._write(MANIFEST, [_json(document)])
        named = manifest.descriptor({REFERENCE: tag}) | {"platform": configuration.platform}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]}
        self._put("index.json", _json(index))
        self._put("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        return WrittenImage(manifest, config, tuple(layers))

    def _write(self, media_type: str, chunks: Iterable[bytes]) -> Blob:
        outer = hashlib.sha256()
        size = 0
        temporary = f"{self._blobs}/new"
        with open(temporary, "xb", buffering=0) as file:
            for chunk in _hashed(chunks, outer):
                size += len(chunk)
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
        blob = Blob(media_type, f"sha256:{outer.hexdigest()}", size)
        os.rename(temporary, self.place(blob))
        return blob

    def _put(self, name: str, data: bytes) -> None:
        with open(f"{self._folder}/{name}", "xb") as file:
            file.write(data)


def check_layer(members: Iterable[Member]) -> None:
    """Raise `InvalidMember` for a name that a layer cannot have: it would remove what lower layers have."""
    for member in members:
        if member.path.rpartition(b"/")[2].startswith(_WHITEOUT):
            raise InvalidMember(member.path, "in a layer, a name that begins with `.wh.` removes a file")


def _hashed(chunks: Iterable[bytes], hasher: Any) -> Iterator[bytes]:
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
