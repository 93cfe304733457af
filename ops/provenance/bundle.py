"""Sigstore bundles: a DSSE envelope with what is needed to verify it, in one file without a network.

Format: sigstore/protobuf-specs, `sigstore_bundle.proto`, version 0.3, as JSON. The key is a public one that the verifier has
already: the bundle has a hint to it alone, and neither a certificate nor an entry of a transparency log.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from ...store.keys import PREFIX, decode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


def bundle_of(envelope: str, public: str) -> str:
    """Return a bundle with an envelope as one line of JSON; `public` is the key that signed it, as `ed25519:...`."""
    found = json.loads(envelope)
    document = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": key_hint(public)}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": found["payload"],
            "payloadType": found["payloadType"],
            # Verifiers compare an identifier with their own kind of it; the hint above is the one that they know.
            "signatures": [{"sig": one["sig"], "keyid": ""} for one in found["signatures"]],
        },
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def unwrapped(document: dict[str, Any], trusted: frozenset[str]) -> dict[str, Any]:
    """Return the envelope of a bundle, its signatures named by those of `trusted` that the hint is of; else `document`.

    Raises KeyError, TypeError, ValueError for a bundle that is none.
    """
    if not str(document.get("mediaType", "")).startswith("application/vnd.dev.sigstore.bundle"):
        return document
    hint = document["verificationMaterial"]["publicKey"]["hint"]
    keys = [key for key in sorted(trusted) if key_hint(key) == hint] or [f"with the hint {hint}"]
    envelope: dict[str, Any] = document["dsseEnvelope"]
    signatures = [{"sig": one["sig"], "keyid": key} for one in envelope["signatures"] for key in keys]
    return {**envelope, "signatures": signatures}


def key_hint(public: str) -> str:
    """Return the hint to a public key as sigstore's programs make it: SHA-256 of its DER form, in base 64."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = _key(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def public_pem(public: str) -> str:
    """Return a public key `ed25519:...` in PEM, as other programs read it (RFC 8410)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _key(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _key(public: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(decode_base64(public.removeprefix(PREFIX)))
