"""Provenance and bills of materials of images: those of their packages together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import __version__
from ...store.keys import Signer
from ..errors import RequestError
from ..provenance.documents import SignedStatement
from ..provenance.origin import joined, origins
from ..provenance.sbom import Image, to_cyclonedx
from ..provenance.statement import envelope, image_statement
from .errors import NoImage
from .reading import read_image

if TYPE_CHECKING:
    from ...store import Store
    from ..provenance.origin import Origin
    from ..session import Session
    from .reading import ImageDescription


def attest_image(session: Session, directory: str) -> SignedStatement:
    """Return a signed statement about an image in a layout; its subject is the digest of the manifest.

    Raises `NoImage`, and `RequestError` if this store did not build what is in it.
    """
    image = read_image(directory, check_blobs=True)
    signer = Signer(session.store.home)
    origin = _origin(session.store, directory, image)
    named = image.tag, image.digest
    statement = image_statement(session.store, origin, image.objects, named, signer.public, __version__)
    return SignedStatement(statement, envelope(statement, signer))


def bill_of_image(session: Session, directory: str) -> str:
    """Return a CycloneDX document of an image in a layout. Raises as `attest_image`."""
    image = read_image(directory, check_blobs=True)
    return to_cyclonedx(session.store, _origin(session.store, directory, image), Image(image.tag, image.digest))


def _origin(store: Store, directory: str, image: ImageDescription) -> Origin:
    """Return the origin of all that was built among the objects of an image."""
    absent = [path for path in image.objects if not store.is_valid(path)]
    if absent:
        raise RequestError(f"'{absent[0]}' of the image '{directory}' is not in this store")
    derivers = {deriver for path in image.objects if (deriver := store.info(path).deriver) is not None}
    if not derivers:
        raise NoImage(directory, "this store has built nothing of what is in it")
    return joined(origins(store, sorted(derivers)))
