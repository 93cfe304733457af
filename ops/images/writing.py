"""Write an installed root as an OCI image layout."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from blake3 import blake3

from ...oci import GZIP, LAYER, NONE, Blob, Compression, Configuration, LayoutWriter, archive, check_layer
from ...store.checkpoint import checkpoint
from .cache import LayerCache
from .errors import WrongOption
from .layers import plan_layers
from .machine import profile_of
from .members import CREATED, EPOCH, members_of
from .options import ImageOptions
from .output import new_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...oci import Layer, Member, WrittenImage
    from ...store import StorePath
    from ..installed import InstalledRoot
    from ..session import Session
    from .layers import PlannedLayer

OBJECTS: Final = "chx.objects"
"""Annotation of a layer: the store objects in it, separated by blanks."""
PROOF: Final = "chx.proof"
"""Annotation of a manifest: the SHA-256 digest of the file of a proof."""
_ZSTD_LEVEL: Final = 6


class OciImage(NamedTuple):
    """An image that was written: its tag, its blobs and layers, and its packages' store objects."""

    tag: str
    written: WrittenImage
    objects: tuple[StorePath, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the digests as JSON types."""
        return {
            "tag": self.tag,
            "manifest": self.written.manifest.descriptor(),
            "config": self.written.config.descriptor(),
            "layers": [
                {
                    **layer.blob.descriptor(),
                    "diff_id": layer.diff_id,
                    "title": layer.created_by.removeprefix("chx: "),
                    "objects": layer.annotations.get(OBJECTS, "").split(),
                }
                for layer in self.written.layers
            ],
            "objects": [str(path) for path in self.objects],
        }


def write_oci(session: Session, root: InstalledRoot, directory: str, options: ImageOptions | None = None) -> OciImage:
    """Write a root as an OCI image layout into `directory`, whose image it replaces when all is written.

    Uncompressed layers, the configuration and their digests follow from the root and the options alone. Raises
    `InvalidTag`, `InvalidMember`, `ContentChanged`, `WrongOption`, `OutputInTheWay`, `OutputRefused`, and `ProofRefused`
    for a file that is no proof.
    """
    options = options or ImageOptions()
    options.check()
    options.check_user(root)
    configuration = _configuration(session, root, options)
    annotations = dict(sorted(options.annotations.items()))
    if options.proof is not None:
        annotations[PROOF] = proof_digest(options.proof)
    compression = _compression(options)
    planned = [(layer, members_of(layer.entries)) for layer in plan_layers(root, options.layers)]
    for _, members in planned:
        check_layer(members)
    with new_directory(directory, is_image) as folder:
        writer = LayoutWriter(folder)
        cache = LayerCache(session.store.home) if compression is GZIP else None
        layers = [_write_layer(writer, layer, members, compression, cache) for layer, members in planned]
        written = writer.finish(layers, configuration, annotations, options.tag)
    return OciImage(options.tag, written, tuple(sorted(root.parts)))


def is_image(directory: str) -> bool:
    """Whether a directory is an OCI image layout."""
    return os.path.isfile(f"{directory}/oci-layout")


def proof_digest(file: str) -> str:
    """Return the SHA-256 digest of the file of a proof, which is checked. Raises `ProofRefused`, `WrongOption`."""
    # Few images have one, and it takes longer to import than to write an image.
    from ..bootstrap import read_proof

    try:
        read_proof(file)
        with open(file, "rb") as handle:
            return f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
    except OSError as error:
        raise WrongOption(f"cannot read the proof '{file}': {error.strerror}") from error


def _write_layer(
    writer: LayoutWriter, layer: PlannedLayer, members: list[Member], compression: Compression, cache: LayerCache | None
) -> Layer:
    notes = {OBJECTS: " ".join(map(str, layer.objects))} if layer.objects else {}
    title = f"chx: {layer.title}"
    key = "" if cache is None else cache.key(members)
    found = None if cache is None else cache.find(key)
    if found is not None:
        blob = Blob(LAYER + compression.suffix, found.digest, found.size)
        written = writer.packed_layer(found.chunks(), blob, found.diff_id, notes, title)
        if written is not None:
            return written
    written = writer.layer(_checked(members), compression, notes, title)
    if cache is not None:
        cache.add(key, written, writer.place(written.blob))
    return written


def _checked(members: list[Member]) -> Iterator[bytes]:
    for chunk in archive(members, EPOCH, blake3):
        checkpoint()
        yield chunk


def _configuration(session: Session, root: InstalledRoot, options: ImageOptions) -> Configuration:
    profile = profile_of(session, root)
    if profile is None:
        raise WrongOption("the programs in the image are for a machine that there is no profile of")
    return Configuration(
        architecture=profile.oci,
        created=CREATED,
        variant="v8" if profile.oci == "arm64" else None,
        command=options.command_in(root),
        entrypoint=options.entrypoint,
        environment=options.environment_in(),
        user=options.user,
        directory=options.directory,
        labels=dict(sorted(options.labels.items())),
    )


def _compression(options: ImageOptions) -> Compression:
    if options.compression == "zstd":
        from ...store.zstd import packed

        return Compression("+zstd", lambda chunks: packed(chunks, _ZSTD_LEVEL))
    return GZIP if options.compression == "gzip" else NONE
