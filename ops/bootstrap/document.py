"""Proofs as documents: everything needed to repeat a bootstrap elsewhere, and its results.

    {
      "shows": TEXT,                              what it shows, or "nothing: ..."; the first line of the file
      "format": "chx bootstrap proof 2",
      "set": NAME,
      "chains":      {SEED: {"toolchain": [DERIVATION...], "userland": [DERIVATION...],
                             "repository": {"derivation": PATH, "outputs": ["out"]},   only if it was asked for
                             "stages": [{PACKAGE: {"derivation": PATH, "outputs": [NAME...]}}...]}},
      "derivations": {PATH: DERIVATION AS JSON},  all that packages and seeds need, and no others
      "files":       {PATH: {"entries": [ENTRY...], "references": [PATH...]}},
                                                  source files beside the expressions, base 64
      "sources":     {PATH: {"urls": [TEXT...], "hash": "ALGORITHM:HEX", "mode": "flat" or "recursive"}},
      "realisations": {PATH: {OUTPUT: STORE PATH}},
                                                  outputs of packages and seeds, and of builtin builders
      "objects":     {STORE PATH: {"tree": HEX, "references": [STORE PATH...], "self": BOOL,
                                   "programs": {FILE: HEX}}},
      "shared":      {"common": SHARED or null, "pairs": [SHARED...]},
      "toolchains":  [[SEED...]...],
      "suspicions":  [{"kind": KIND, "item": ITEM, "seeds": [SEED...]}...],
      "verdicts":    {"fixedPoint": BOOL or null, "hostIndependence": BOOL or null, "noResidue": BOOL},
      "signature":   {"key": "ed25519:...", "value": BASE64}
    }

SHARED is {"seeds": [SEED...], "files": [NAME...], "trees": [NAME...], "programs": [[ROLE, PATH]...]}. There is no other
field. The reader recomputes and compares fields that follow from others (`shows`, `sources`, `shared`, `toolchains`,
`suspicions`, `verdicts`). It checks everything else against its name, or a replay produces it. `docs/formats.md`
specifies the format.

The signature covers the canonical JSON (sorted keys, no white space, ASCII) of all fields but `signature`. It
identifies the author of the claims; a replay verifies the claims and trusts nobody.

Format 1 is read, too. It lacks `objects`, `shared`, `toolchains`, `suspicions` and `shows`, has other `realisations`,
and states `outcomes`, the number of stages and the version of chx.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ...store.errors import StoreError
from ...store.foreign import parse_json
from ...store.keys import is_signed_by
from .checking import (
    check_claims,
    check_conclusions,
    check_names,
    check_old_sources,
    check_whole,
    judged,
    with_outcomes,
)
from .fields import (
    Damaged,
    record_at,
    text_at,
)
from .parsing import parse, parse_old
from .proof import FORMAT, OLD_FORMAT, Proof, ProofRefused

if TYPE_CHECKING:
    from ...store.keys import Signer

_ORIGIN: Final = "proofs are written by chx bootstrap --proof FILE"


def read(text: bytes, name: str) -> Proof:
    """Parse a document, and check all that can be checked without building. `name` is its name in messages.

    Checks the form and the signature; the names of derivations, files and objects; that nothing is missing or
    superfluous; the shape; and the fields that follow from others. Raises `ProofRefused`.
    """
    try:
        document = parse_json(text.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except ValueError as error:
        raise ProofRefused(f"'{name}' is no proof: {error}", hint=_ORIGIN) from error
    found = document.get("format") if isinstance(document, dict) else None
    if found not in (FORMAT, OLD_FORMAT):
        shown = found if isinstance(found, str) else type(found).__name__ if found is not None else None
        raise ProofRefused(f"'{name}' is no proof that this chx can read: its format is {shown!r}", hint=_ORIGIN)
    try:
        _check_signature(document, name)
        proof = parse(document, name) if found == FORMAT else parse_old(document, name)
        check_names(proof)
        check_whole(proof)
        if found == FORMAT:
            proof = judged(with_outcomes(proof))
        check_claims(proof)
        if found == FORMAT:
            check_conclusions(document, proof)
        else:
            check_old_sources(document, proof)
    except ProofRefused:
        raise
    except (Damaged, StoreError) as error:
        raise ProofRefused(f"the proof '{name}' is not what a proof is: {error}") from error
    return proof


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in it")
    return result


def _check_signature(document: dict[str, Any], name: str) -> None:
    signature = record_at(document.get("signature"), "signature", {"key", "value"})
    key, value = text_at(signature["key"], "signature.key"), text_at(signature["value"], "signature.value")
    try:
        genuine = is_signed_by(key, canonical(document), value)
    except (StoreError, ValueError, RecursionError) as error:
        raise Damaged("signature", str(error)) from error
    if not genuine:
        raise ProofRefused(
            f"the proof '{name}' was changed after it was signed: its signature does not fit",
            hint="get it once more from where it came from",
        )


def sign(document: Mapping[str, Any], signer: Signer) -> str:
    """Sign a document, and return its text: `shows` first, the rest sorted, one line per value."""
    signature = {"key": signer.public, "value": signer.sign(canonical(document))}
    rest = {name: value for name, value in document.items() if name != "shows"}
    text = json.dumps({**rest, "signature": signature}, indent=1, sort_keys=True)
    first = f'{{"shows": {json.dumps(document["shows"])},' if "shows" in document else "{"
    return f"{first}{text[1:]}\n"


def canonical(document: Mapping[str, Any]) -> bytes:
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":")).encode("ascii")
