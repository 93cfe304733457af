"""Provenance of outputs: in-toto statements (v1) with a SLSA provenance predicate (v1), in signed DSSE envelopes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ...builder.resolution import resolve

if TYPE_CHECKING:
    from ...store import Store, StorePath
    from ...store.keys import Signer
    from .origin import Origin

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://slsa.dev/provenance/v1"
PAYLOAD: Final = "application/vnd.in-toto+json"
BUILD_TYPE: Final = "urn:chx:derivation:1"
"""The type of a build whose only parameter is the derivation: docs/lock.md describes the other fields."""
BUILDER: Final = "urn:chx:builder:"
"""The prefix of a builder's public key."""
REMOTE: Final = "remote="
"""How a row of the ledger begins to tell the endpoint that built it."""


def statements(store: Store, origin: Origin, key: str, version: str) -> Iterator[dict[str, Any]]:
    """Yield a statement for each output; `key` is the public key of the author."""
    for output, path in origin.outputs.items():
        yield {
            "_type": STATEMENT,
            "subject": [_object(store, path)],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": _definition(store, origin, output),
                "runDetails": {
                    "builder": {
                        "id": f"{BUILDER}{quote(key)}",
                        "version": {"chx": version},
                        **_elsewhere(store, origin, output, path),
                    },
                    "metadata": _metadata(store, origin, output, path),
                },
            },
        }


def _elsewhere(store: Store, origin: Origin, output: str, path: StorePath) -> dict[str, Any]:
    """Return the endpoints that built an output, as what the builder depends on: the author did not build it."""
    resolved = _resolved(origin)
    rows = store.realisations(resolved) if resolved is not None else []
    words = [row.variation for row in rows if row.output == output and row.path == path]
    if not words or not all(word.startswith(REMOTE) for word in words):
        return {}
    return {
        "builderDependencies": [
            {"uri": word.split()[0].removeprefix(REMOTE), "annotations": {"witness": word}} for word in words
        ]
    }


IMAGE_TYPE: Final = "urn:chx:image:1"
"""The type of an image that was written of store objects: docs/images.md describes its fields."""


def image_statement(
    store: Store, origin: Origin, objects: Iterable[StorePath], image: tuple[str, str], key: str, version: str
) -> dict[str, Any]:
    """Return a statement about an image of `objects`, which come from `origin`.

    `image` is its name and the digest of its manifest (`sha256:...`), `key` the public key of the author.
    """
    name, digest = image
    parts = sorted(objects)
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": IMAGE_TYPE,
                "externalParameters": {"objects": [str(path) for path in parts]},
                "internalParameters": {"derivations": sorted(map(str, origin.starts()))},
                "resolvedDependencies": [*(_object(store, path) for path in parts), *_sources(origin)],
            },
            "runDetails": {"builder": {"id": f"{BUILDER}{quote(key)}", "version": {"chx": version}}},
        },
    }


def _object(store: Store, path: StorePath) -> dict[str, Any]:
    """Return a store object as a resource with its tree digest."""
    return {"name": path.base, "uri": str(path), "digest": {"blake3": str(store.info(path).tree_digest)}}


def _definition(store: Store, origin: Origin, output: str) -> dict[str, Any]:
    derivation = origin.derivation
    definition: dict[str, Any] = {
        "buildType": BUILD_TYPE,
        "externalParameters": {"derivation": str(origin.path), "output": output},
        "internalParameters": {"builder": derivation.builder, "system": derivation.system},
    }
    resolved = _resolved(origin)
    if resolved is not None:
        definition["internalParameters"]["resolved"] = f"blake3:{resolved}"
    definition["resolvedDependencies"] = [*_inputs(store, origin), *_sources(origin)]
    return definition


def _resolved(origin: Origin) -> Any:
    try:
        return resolve(origin.derivation, origin.known).resolved_digest()
    except KeyError:
        return None


def _inputs(store: Store, origin: Origin) -> Iterator[dict[str, Any]]:
    """Yield the objects that were visible to the build."""
    found = set(origin.derivation.input_srcs)
    for path, names in origin.derivation.input_drvs.items():
        found.update(origin.known[path, name] for name in names if (path, name) in origin.known)
    for path in sorted(found):
        if store.is_valid(path):
            yield _object(store, path)


def _sources(origin: Origin) -> Iterator[dict[str, Any]]:
    """Yield the fetched sources of the build and its transitive inputs."""
    for path in origin.parts():
        derivation = origin.derivations[path]
        if derivation.fixed is None or path == origin.path:
            continue
        urls = list(dict.fromkeys(f"{derivation.env.get('url', '')} {derivation.env.get('urls', '')}".split()))
        resource: dict[str, Any] = {"name": derivation.name}
        if urls:
            resource["uri"] = urls[0]
        algorithm = derivation.fixed.algorithm
        if derivation.fixed.mode == "recursive":
            resource["annotations"] = {"mode": "recursive"}
            algorithm = f"nar-{algorithm}"  # type: ignore[assignment]  # of the NAR; no file has this digest
        resource["digest"] = {algorithm: derivation.fixed.digest.hex()}
        yield resource


def _metadata(store: Store, origin: Origin, output: str, path: StorePath) -> dict[str, str]:
    resolved = _resolved(origin)
    rows = store.realisations(resolved) if resolved is not None else []
    for row in rows:
        if row.output == output and row.path == path:
            return {
                "invocationId": f"urn:chx:realisation:{resolved}:{quote(output)}",
                "startedOn": _time(row.started),
                "finishedOn": _time(row.started + row.seconds),
            }
    return {}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pre_authentication(payload: bytes) -> bytes:
    """Encode a payload for signing: DSSE's pre-authentication encoding."""
    kind = PAYLOAD.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def envelope(statement: dict[str, Any], signer: Signer) -> str:
    """Sign a statement, and return its DSSE envelope as one line."""
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    message = pre_authentication(payload)
    return json.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [{"keyid": signer.public, "sig": signer.sign(message)}],
        }
    )
