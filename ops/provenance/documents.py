"""Documents about what a request names: signed statements and a bill of materials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ... import __version__
from ...builder import setting
from ...store.keys import Signer, is_signed_by
from ..errors import RequestError
from ..instantiation import derivations_named
from .origin import joined, origins
from .sbom import to_cyclonedx
from .statement import envelope, statements
from .verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..request import Request
    from ..session import Session
    from .verify import Verified


class SignedStatement(NamedTuple):
    """An in-toto statement as JSON types, and its DSSE envelope, signed with the key of the store."""

    statement: dict[str, Any]
    envelope: str


def attest(session: Session, request: Request) -> list[SignedStatement]:
    """Return a statement for each output that a request names; all must be built.

    Raises what `derivations_named` raises, and `RequestError` for a derivation that is not built.
    """
    store = session.store
    signer = Signer(store.home)
    return [
        SignedStatement(statement, envelope(statement, signer))
        for origin in origins(store, derivations_named(session, request))
        for statement in statements(store, origin, signer.public, __version__)
    ]


def check_statements(
    session: Session, texts: Iterable[str], keys: Iterable[str] = (), images: Iterable[str] = ()
) -> list[Verified]:
    """Verify the envelopes and bundles in texts, one on a line.

    `images` are digests of manifests (`sha256:...`) of images that are here and whole. Trusted are the key of the store, `trusted-keys` of chx.toml, and `keys`. Raises `InvalidKey`.
    """
    trusted = set(keys)
    for key in trusted:
        is_signed_by(key, b"", "")  # raises for an invalid key
    trusted.add(session.store.signer.public)
    trusted.update(map(str, setting("caches", "trusted-keys", list) or ()))
    return [found for text in texts for found in verify(session.store, text, frozenset(trusted), frozenset(images))]


def bill_of_materials(session: Session, request: Request) -> str:
    """Return a CycloneDX document of the derivations that a request names, as one; they must be built.

    Raises what `derivations_named` raises, and `RequestError` if one is not built, or there is none.
    """
    found = origins(session.store, sorted(set(derivations_named(session, request))))
    if not found:
        raise RequestError("there is no derivation in what was named", hint="name packages that are built")
    return to_cyclonedx(session.store, found[0] if len(found) == 1 else joined(found))
