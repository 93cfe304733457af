"""Read what an image layout says of itself: its manifest's digest, and the store objects in its layers."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Final, NamedTuple

from ...oci.layout import REFERENCE
from ...store import StoreError, StorePath
from ...store.foreign import parse_json
from .errors import NoImage
from .writing import OBJECTS, is_image

_LARGEST: Final = 4 << 20


class ImageDescription(NamedTuple):
    """An image of a layout: its tag, the digest of its manifest (`sha256:...`), and the store objects in it."""

    tag: str
    digest: str
    objects: tuple[StorePath, ...]


def read_image(directory: str, check_blobs: bool = False) -> ImageDescription:
    """Read the only image of a layout that chx wrote. With `check_blobs`, compare all blobs with their digests.

    Raises `NoImage`.
    """
    if not is_image(directory):
        raise NoImage(directory, "it has no oci-layout")
    index = _document(directory, "index.json")
    try:
        (named,) = index["manifests"]
        digest, tag = str(named["digest"]), str(named["annotations"][REFERENCE])
        algorithm, _, name = digest.partition(":")
        if algorithm != "sha256" or len(name) != 64 or not name.isalnum():
            raise NoImage(directory, "its index names no manifest by SHA-256")
        manifest = _document(directory, f"blobs/sha256/{name}", name)
        notes = [layer.get("annotations", {}).get(OBJECTS, "") for layer in manifest["layers"]]
        blobs = [str(one["digest"]) for one in (manifest["config"], *manifest["layers"])]
        objects = tuple(StorePath.parse(path) for note in notes for path in note.split())
    except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
        raise NoImage(directory, "its index or its manifest is not as chx writes them") from error
    if check_blobs:
        for blob in blobs:
            _check_blob(directory, blob)
    return ImageDescription(tag, digest, tuple(dict.fromkeys(objects)))


def _check_blob(directory: str, digest: str) -> None:
    algorithm, _, name = digest.partition(":")
    if algorithm != "sha256" or len(name) != 64 or not name.isalnum():
        raise NoImage(directory, f"it names a blob by '{digest}'")
    try:
        with open(os.path.join(directory, "blobs/sha256", name), "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NoImage(directory, f"cannot read the blob {name}: {error.strerror}") from error
    if found != name:
        raise NoImage(directory, f"the blob {name} is not what its digest says")


def _document(directory: str, name: str, sha256: str | None = None) -> dict[str, Any]:
    place = os.path.join(directory, name)
    try:
        with open(place, "rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise NoImage(directory, f"cannot read '{name}': {error.strerror}") from error
    if len(text) > _LARGEST or (sha256 is not None and hashlib.sha256(text).hexdigest() != sha256):
        raise NoImage(directory, f"'{name}' is not what its digest says")
    try:
        found = parse_json(text)
    except ValueError as error:
        raise NoImage(directory, f"'{name}' is no JSON") from error
    if not isinstance(found, dict):
        raise NoImage(directory, f"'{name}' is no JSON object")
    return found
