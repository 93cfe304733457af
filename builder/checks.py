"""Rules that a derivation may set for the references of its outputs, as Nix knows them.

`allowedReferences`, `disallowedReferences` speak of direct references, `allowedRequisites`,
`disallowedRequisites` of the closure. Each lists store paths or names of the derivation's own outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..store.derivation import output_object_name
from ..store.scratch import scratch_path
from .errors import ReferenceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..store.derivation import Derivation
    from ..store.path import StorePath
    from ..store.store import Store

_RULES: Final = ("allowedReferences", "disallowedReferences", "allowedRequisites", "disallowedRequisites")


def check_references(store: Store, derivation: Derivation, outputs: Mapping[str, StorePath]) -> None:
    """Raise `ReferenceRefused` if an output breaks a rule of `derivation` (resolved, own placeholders replaced)."""
    for rule in _RULES:
        text = derivation.env.get(rule)
        if text is None:
            continue
        named = {_meaning(word, derivation, outputs) for word in text.split()}
        for output, path in outputs.items():
            direct = rule.endswith("References")
            found = set(store.info(path).references if direct else store.closure([path]))
            if not direct:
                found.discard(path)
            if rule.startswith("allowed"):
                bad = {str(reference) for reference in found} - named
            else:
                bad = {str(reference) for reference in found} & named
            if bad:
                raise ReferenceRefused(output, rule, tuple(sorted(bad)))


def _meaning(word: str, derivation: Derivation, outputs: Mapping[str, StorePath]) -> str:
    if word in outputs:
        return str(outputs[word])
    for output, path in outputs.items():
        if word == scratch_path(output, output_object_name(derivation.name, output)):
            return str(path)
    return word
