"""Verify provenance statements: their signatures, and their agreement with the objects of this store."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...store import StoreError, StorePath
from ...store.foreign import parse_json
from ...store.keys import InvalidKey, is_signed_by
from .bundle import unwrapped
from .statement import BUILDER, PAYLOAD, PREDICATE, STATEMENT, pre_authentication

if TYPE_CHECKING:
    from ...store import Store


@dataclass(frozen=True, slots=True)
class Verified:
    """The result for one envelope: its subject, its signer, and its problem (None: verified)."""

    subjects: tuple[str, ...]
    key: str | None
    problem: str | None


class _Invalid(Exception):
    """The problem of an envelope."""


def verify(
    store: Store, text: str, trusted: frozenset[str], images: frozenset[str] = frozenset()
) -> Iterator[Verified]:
    """Verify envelopes or bundles, one per line, as `chx provenance` prints them.

    `images` are digests of manifests (`sha256:...`) of images that are here and whole.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        subjects: tuple[str, ...] = (f"line {number}",)
        key = None
        try:
            payload, signatures = _parse_envelope(line, trusted)
            statement = _statement(payload)
            subjects = tuple(str(subject["name"]) for subject in statement["subject"])
            key = _signer(payload, signatures, trusted)
            _check_builder(statement, key)
            for subject in statement["subject"]:
                if "uri" not in subject and "sha256" in subject.get("digest", {}):
                    _check_image(store, statement, subject, images)
                else:
                    _check_subject(store, subject)
        except _Invalid as invalid:
            yield Verified(subjects, key, str(invalid))
        else:
            yield Verified(subjects, key, None)


def _parse_envelope(line: str, trusted: frozenset[str]) -> tuple[bytes, list[tuple[str, str]]]:
    """Parse an envelope to its payload and pairs of key and signature."""
    try:
        envelope = unwrapped(parse_json(line), trusted)
        if envelope["payloadType"] != PAYLOAD:
            raise _Invalid(f"its payload is of the type '{envelope['payloadType']}', not '{PAYLOAD}'")
        payload = base64.b64decode(envelope["payload"], validate=True)
        return payload, [(str(item["keyid"]), str(item["sig"])) for item in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Invalid("it is no DSSE envelope; chx provenance X prints them") from error


def _statement(payload: bytes) -> dict[str, Any]:
    try:
        statement = parse_json(payload)
        kinds = statement["_type"], statement["predicateType"]
        if kinds != (STATEMENT, PREDICATE):
            raise _Invalid(f"it is no statement of provenance that chx knows, but {kinds[0]} with {kinds[1]}")
        if not statement["subject"] or not all(isinstance(one["name"], str) for one in statement["subject"]):
            raise _Invalid("it speaks of nothing")
        found: dict[str, Any] = statement
        return found
    except (ValueError, KeyError, TypeError) as error:
        raise _Invalid("what is signed is no in-toto statement") from error


def _signer(payload: bytes, signatures: list[tuple[str, str]], trusted: frozenset[str]) -> str:
    """Return a trusted key that has signed the payload."""
    message = pre_authentication(payload)
    untrusted = [key for key, _ in signatures if key not in trusted]
    for key, signature in signatures:
        try:
            if key in trusted and is_signed_by(key, message, signature):
                return key
        except InvalidKey as error:
            raise _Invalid(f"its signature is none: {error.message}") from error
    if len(untrusted) < len(signatures):
        raise _Invalid("its signature is of something else: it was changed after it was signed")
    if untrusted:
        raise _Invalid(f"it is signed with a key that is not trusted: {', '.join(untrusted)}")
    raise _Invalid("nobody has signed it")


def _check_builder(statement: dict[str, Any], key: str) -> None:
    try:
        named = statement["predicate"]["runDetails"]["builder"]["id"]
    except (KeyError, TypeError) as error:
        raise _Invalid("it does not say who built it") from error
    if named != f"{BUILDER}{quote(key)}":
        raise _Invalid(f"it was signed by {key}, and says that it was built by '{named}'")


def _check_image(store: Store, statement: dict[str, Any], subject: dict[str, Any], images: frozenset[str]) -> None:
    """Check that an image is here, and that its objects are what the statement says."""
    digest = f"sha256:{subject['digest']['sha256']}"
    if digest not in images:
        raise _Invalid(f"the image {digest} is not here, so its content cannot be compared: --image DIR names one")
    try:
        definition = statement["predicate"]["buildDefinition"]
        objects = set(definition["externalParameters"]["objects"])
        parts = [one for one in definition["resolvedDependencies"] if one.get("uri") in objects]
        if {one["uri"] for one in parts} != objects:
            raise _Invalid("it does not say what the objects in the image are")
    except (KeyError, TypeError, AttributeError) as error:
        raise _Invalid("it does not say what is in the image") from error
    for part in parts:
        _check_subject(store, part)


def _check_subject(store: Store, subject: dict[str, Any]) -> None:
    try:
        path, digest = StorePath.parse(subject["uri"]), subject["digest"]["blake3"]
    except (KeyError, TypeError, StoreError) as error:
        raise _Invalid(f"'{subject['name']}' is no store object with a digest") from error
    if not store.is_valid(path):
        raise _Invalid(f"'{path}' is not in this store, so its content cannot be compared")
    here = str(store.info(path).tree_digest)
    if here != digest:
        raise _Invalid(f"'{path}' has the digest {here}, and not {digest}")
    for problem in store.verify_object(path):
        raise _Invalid(f"'{path}' was changed in the store: {problem.file or path.name}: {problem.what}")
